/// The page without its data. Everything that users wrote is put in by the script, as text.
enum PageDocument {
  static let html = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Afterimage</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    <script src="/page.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the read models</a>
    <header>
    <h1>Afterimage</h1>
    <div class="bar">
    <p id="connection" role="status">Connecting</p>
    <p id="account" hidden><span id="key"></span> <button id="logout" type="button">Log out</button></p>
    </div>
    </header>
    <div class="columns">
    <nav id="pipelines" aria-label="Pipelines" hidden></nav>
    <main id="main" tabindex="-1">
    <noscript>This page shows live data and needs JavaScript. The same data is at <a href="/v1/pipelines">/v1/pipelines</a>.</noscript>
    </main>
    </div>
    <footer>
    <a href="/v1/pipelines">Queries over HTTP</a>
    <a href="/metrics">Metrics</a>
    </footer>
    </body>
    </html>
    """#

  static let icon = #"""
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0f5c55"/>
    <circle cx="13" cy="16" r="7" fill="none" stroke="#fff" stroke-width="2.5"/>
    <circle cx="19" cy="16" r="7" fill="none" stroke="#fff" stroke-opacity=".45" stroke-width="2.5"/></svg>
    """#
}
