/// The page's style: light and dark by the reader's setting, one column on a phone.
enum PageStyle {
  static let css = #"""
    :root {
      --ground: #f6f7f5; --card: #ffffff; --ink: #1b2321; --soft: #56615d; --line: #dde2df;
      --accent: #0f5c55; --accent-soft: #d7ebe7; --bad: #a3261b; --bad-soft: #fbe5e2; --shade: #1b23213d;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #121716; --card: #1b2221; --ink: #e8eeec; --soft: #a3b0ac; --line: #2e3836;
        --accent: #6fd0c0; --accent-soft: #1f3b37; --bad: #ff9d92; --bad-soft: #44201c; --shade: #000000b0;
      }
    }
    * { box-sizing: border-box; }
    html { font: 16px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    body { margin: 0; background: var(--ground); color: var(--ink); }
    header, .columns, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
    .columns { display: flex; gap: 0 2rem; align-items: flex-start; }
    main { flex: 1 1 0; min-width: 0; }
    [hidden] { display: none !important; }
    header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.25rem 1rem; padding-top: 1.25rem; }
    .bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1.1rem; min-width: 0; }
    #key { margin-right: 0.4rem; }
    #account { margin: 0; color: var(--soft); font-size: 0.9rem; overflow-wrap: anywhere; }
    button { font: inherit; color: var(--accent); background: none; border: 1px solid var(--line); border-radius: 8px; padding: 0.2rem 0.7rem;
      cursor: pointer; }
    button:disabled { opacity: 0.6; cursor: default; }
    .login { max-width: 26rem; margin: 3rem auto; padding: 1.4rem 1.5rem 1.6rem; background: var(--card); border: 1px solid var(--line);
      border-radius: 12px; display: grid; gap: 0.5rem; }
    .login .about { margin: 0 0 0.4rem; font-size: 0.92rem; }
    .login label { font-weight: 600; font-size: 0.95rem; }
    .login input { font: inherit; width: 100%; padding: 0.5rem 0.65rem; color: var(--ink); background: var(--ground);
      border: 1px solid var(--soft); border-radius: 8px; }
    .login .fault { margin: 0; min-height: 1.4em; font-size: 0.92rem; }
    .login button { background: var(--accent); color: var(--card); border-color: var(--accent); padding: 0.5rem 0.9rem; font-weight: 600; }
    h1 { font-size: 1.35rem; margin: 0; letter-spacing: -0.01em; }
    h2 { font-size: 1.15rem; margin: 0; }
    h3 { font-size: 0.95rem; margin: 0 0 0.5rem; color: var(--soft); font-weight: 600; }
    a { color: var(--accent); }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
    .skip { position: absolute; left: -99rem; }
    .skip:focus { left: 1rem; top: 0.5rem; background: var(--card); padding: 0.5rem 0.75rem; z-index: 1; }
    #connection { margin: 0; color: var(--soft); font-size: 0.9rem; white-space: nowrap; }
    #connection.live::before { content: ""; display: inline-block; width: 0.55rem; height: 0.55rem; border-radius: 50%;
      background: var(--accent); margin-right: 0.4rem; }
    #connection.lost { color: var(--bad); }
    nav { flex: 0 0 12.5rem; position: sticky; top: 0; max-height: 100vh; overflow-y: auto; padding: 1.2rem 0; }
    nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 0.15rem; }
    nav a { display: flex; justify-content: space-between; gap: 0.6rem; padding: 0.35rem 0.7rem; border-radius: 8px; color: var(--ink);
      text-decoration: none; overflow-wrap: anywhere; }
    nav a:hover { background: var(--card); }
    nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
    nav .mark { color: var(--bad); font-size: 0.82rem; font-weight: 600; align-self: center; }
    section.pipeline { margin: 1.5rem 0 2.25rem; }
    .heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.15rem 0.9rem; margin-bottom: 0.2rem; }
    .about { margin: 0 0 0.9rem; color: var(--soft); max-width: 60rem; }
    .lag { color: var(--soft); font-size: 0.9rem; font-variant-numeric: tabular-nums; }
    .lag.late, .fault { color: var(--bad); }
    .stopped { background: var(--bad-soft); color: var(--bad); border-radius: 8px; padding: 0.6rem 0.8rem; margin: 0 0 0.9rem; }
    .tiles { display: grid; grid-template-columns: repeat(12, 1fr); gap: 0.9rem; }
    .tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 0.85rem 1rem; min-width: 0;
      grid-column: span 4; }
    .numbers { display: flex; flex-wrap: wrap; gap: 0.9rem; margin-bottom: 0.9rem; }
    .numbers:empty { display: none; }
    .tile.number { min-width: 10rem; max-width: 100%; flex: 0 1 auto; }
    .tile.table, .tile.wide { grid-column: span 6; }
    .tile .value { font-size: 2.2rem; line-height: 1.1; font-weight: 650; font-variant-numeric: tabular-nums; margin: 0;
      overflow-wrap: anywhere; }
    .board { font-weight: 400; }
    /* What is cut off at a side is seen to go on there: a shade, covered by the card's colour where the table ends. */
    .scroll { overflow-x: auto; background:
      linear-gradient(to right, var(--card) 30%, transparent) left / 2rem 100% no-repeat local,
      linear-gradient(to left, var(--card) 30%, transparent) right / 2rem 100% no-repeat local,
      linear-gradient(to right, var(--shade), transparent) left / 0.9rem 100% no-repeat scroll,
      linear-gradient(to left, var(--shade), transparent) right / 0.9rem 100% no-repeat scroll; }
    table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
    th { text-align: left; color: var(--soft); font-weight: 500; font-size: 0.82rem; padding: 0 0.75rem 0.3rem 0; white-space: nowrap; }
    td { padding: 0.28rem 0.75rem 0.28rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; vertical-align: top; }
    th:last-child, td:last-child { padding-right: 0; }
    td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    td.rank, th.rank { width: 3.2rem; }
    td.t { white-space: nowrap; font-variant-numeric: tabular-nums; }
    tr.changed td { animation: changed 1.2s ease-out; }
    @keyframes changed { from { background: var(--accent-soft); } to { background: transparent; } }
    @media (prefers-reduced-motion: reduce) { tr.changed td { animation: none; } }
    .empty { color: var(--soft); margin: 0.2rem 0; }
    footer { display: flex; gap: 1.25rem; padding-top: 0.75rem; padding-bottom: 2rem; border-top: 1px solid var(--line); font-size: 0.9rem; }
    @media (max-width: 70rem) { .tile, .tile.table { grid-column: span 6; } }
    @media (max-width: 50rem) {
      .columns { display: block; }
      nav { position: static; max-height: none; padding: 0.9rem 0 0; }
      nav ul { flex-direction: row; flex-wrap: wrap; gap: 0.4rem; }
      nav a { border: 1px solid var(--line); padding: 0.25rem 0.7rem; font-size: 0.92rem; }
      section.pipeline { margin-top: 1.1rem; }
    }
    @media (max-width: 40rem) {
      .tile, .tile.table, .tile.wide { grid-column: 1 / -1; }
      .tile.number { min-width: 0; flex: 1 1 auto; }
      th, td { padding-right: 0.55rem; }
      .tile .value { font-size: 1.8rem; }
    }
    """#
}
