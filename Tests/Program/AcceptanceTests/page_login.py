"""The page of a server with keys in a real browser: the login, what is shown, the logout, the end of a session, and requests of other pages.

Arguments: the browser, the page's address, the file of keys, a folder for the browser's own files, and a folder for pictures (`-` for none).
"""

import base64
import fcntl
import http.server
import json
import os
import select
import subprocess
import sys
import threading
import time

BROWSER, PAGE, KEYS, PROFILE, PICTURES = sys.argv[1:6]
TOKENS = {name: f"token-of-{name}-0123456789abcdef" for name in ["reader", "other", "everything"]}
LIMIT = 30


class Browser:
    """Chromium without a window, spoken with over two pipes: JSON, each message with a zero byte after it."""

    def __init__(self):
        (theirs_in, self.out), (self.inp, theirs_out) = os.pipe(), os.pipe()
        # The browser reads its third descriptor and writes its fourth. Its ends move out of the way, to numbers that nothing has: this process may
        # have been given others.
        given = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 64) for one in (theirs_in, theirs_out)]

        def arrange():
            for number, one in zip((3, 4), given):
                os.dup2(one, number)

        self.process = subprocess.Popen(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             "--disable-background-networking", f"--user-data-dir={PROFILE}", "--host-resolver-rules=MAP evil.test 127.0.0.1",
             "--remote-debugging-pipe", "about:blank"],
            close_fds=False, preexec_fn=arrange, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for one in (theirs_in, theirs_out, *given):
            os.close(one)
        self.rest, self.number, self.session, self.responses = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network"]:
            self.call(f"{domain}.enable")

    def message(self):
        end = time.monotonic() + LIMIT
        while b"\0" not in self.rest:
            assert select.select([self.inp], [], [], max(0, end - time.monotonic()))[0], "the browser says nothing"
            part = os.read(self.inp, 1 << 20)
            assert part, "the browser has ended"
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        asked = {"id": self.number, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        os.write(self.out, json.dumps(asked).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("method") == "Network.responseReceived":
                response = message["params"]["response"]
                self.responses.append((response["url"], response["status"]))
            if message.get("id") == self.number:
                assert "error" not in message, (method, message["error"])
                return message["result"]

    def run(self, script):
        """What a script answers, when it has come about."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, (script, result)
        return result["result"].get("value")

    def until(self, script, what=None):
        end = time.monotonic() + LIMIT
        while not (found := self.run(script)):
            assert time.monotonic() < end, (what or script, self.run("document.body.innerText"))
            time.sleep(0.05)
        return found

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.until(f"document.readyState === 'complete' && location.href === {json.dumps(address)}")

    def type(self, text):
        self.until("document.activeElement && document.activeElement.id === 'token'")
        self.call("Input.insertText", text=text)
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")

    def log_in(self, name):
        self.type(TOKENS[name])
        self.until(f"document.getElementById('key').textContent === '{name}' && !document.getElementById('token')")

    def log_out(self):
        self.run("document.getElementById('logout').click()")
        self.until("Boolean(document.getElementById('token'))")

    def pictures(self, name):
        """In light and dark, on a wide and on a narrow screen; nothing is wider than the screen."""
        for scheme in ["light", "dark"]:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            for width in [1280, 390]:
                self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
                assert self.run("document.documentElement.scrollWidth") <= width, (name, width)
                if PICTURES != "-":
                    data = self.call("Page.captureScreenshot", format="png")["data"]
                    with open(f"{PICTURES}/{name}-{scheme}-{width}.png", "wb") as file:
                        file.write(base64.b64decode(data))

    def sections(self):
        return self.run("[...document.querySelectorAll('section.pipeline h2')].map(one => one.textContent)")


def write(text):
    with open(f"{KEYS}.new", "w") as file:
        file.write(text)
    os.replace(f"{KEYS}.new", KEYS)


def other_site():
    """A server of another page: its port, to be asked under any name."""
    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def posted(browser, path):
    """The status of a POST that the page at hand sends with what the browser adds by itself."""
    before = len(browser.responses)
    url = json.dumps(PAGE + path)
    browser.run(f"fetch({url}, {{method: 'POST', mode: location.origin === {json.dumps(PAGE)} ? 'same-origin' : 'no-cors', credentials: 'include'}}).then(() => 1)")
    end = time.monotonic() + LIMIT
    while not (found := [status for url, status in browser.responses[before:] if url == PAGE + path]):
        assert time.monotonic() < end, path
        browser.run("1")
    return found[0]


def main():
    browser = Browser()
    try:
        browser.open(PAGE + "/")
        browser.until("Boolean(document.getElementById('token'))")
        browser.pictures("login")
        browser.type("wrong-0123456789abcdef0123")
        browser.until("document.getElementById('login-fault').textContent === 'No key has this token.'")
        browser.pictures("refused")
        assert browser.sections() == [] and "notes" not in browser.run("document.documentElement.outerHTML")

        browser.log_in("everything")
        browser.until("document.querySelectorAll('section.pipeline').length === 2 && Boolean(document.querySelector('.tile'))")
        browser.until("document.getElementById('connection').textContent === 'Live'")
        assert browser.sections() == ["chat-rooms", "notes"]
        assert browser.run("document.cookie") == "" and browser.run("localStorage.length + sessionStorage.length") == 0
        assert TOKENS["everything"] not in browser.run("document.documentElement.outerHTML")
        browser.pictures("page")
        cookies = [one for one in browser.call("Network.getCookies", urls=[PAGE])["cookies"]]
        assert [(one["name"], one["httpOnly"], one["sameSite"], one["path"]) for one in cookies] == [
            ("afterimage-session", True, "Strict", "/")], cookies
        # The session outlives the page.
        browser.open(PAGE + "/index.html")
        browser.until("document.querySelectorAll('section.pipeline').length === 2")

        # Only the page itself changes something by its cookie: not one of another site, to which the browser gives no cookie, nor
        # one of another port of this host, to which it does.
        assert posted(browser, "/v1/pipelines/notes/rebuild") == 200
        port = other_site()
        browser.open(f"http://127.0.0.1:{port}/")
        assert posted(browser, "/v1/pipelines/notes/rebuild") == 403
        browser.open(f"http://evil.test:{port}/")
        assert posted(browser, "/v1/pipelines/notes/rebuild") == 401

        browser.open(PAGE + "/")
        browser.until("document.querySelectorAll('section.pipeline').length === 2")
        browser.log_out()
        assert "notes" not in browser.run("document.documentElement.outerHTML")
        assert browser.run("fetch('/v1/pipelines').then(one => one.status)") == 401

        # Another key sees other pipelines, in the same page.
        browser.log_in("other")
        browser.until("document.querySelectorAll('section.pipeline').length === 1")
        assert browser.sections() == ["notes"]
        text = open(KEYS).read()
        write("\n".join(line for line in text.splitlines() if "id: other" not in line) + "\n")
        browser.until("Boolean(document.getElementById('token'))", "the session ends with its entry")
        assert "notes" not in browser.run("document.documentElement.outerHTML")
        write(text)
        print("done")
    finally:
        browser.process.kill()
        browser.process.wait()


main()
