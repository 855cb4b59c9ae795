/// The page's script: shows what the events say (`PageLogin` takes them). Text from items only ever becomes text nodes.
enum PageScript {
  static let javascript = #"""
    "use strict";
    const main = document.getElementById("main");
    const connection = document.getElementById("connection");
    const navigation = document.getElementById("pipelines");
    const sections = new Map();
    let lastEvent = 0;

    function element(name, className, text) {
      const node = document.createElement(name);
      if (className) node.className = className;
      if (text !== undefined) node.textContent = text;
      return node;
    }

    const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/;
    const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const day = new Intl.DateTimeFormat([], { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
    const number = new Intl.NumberFormat();

    // Numbers that a double would change stay as they are written.
    function exactly(key, value, context) {
      const source = context && context.source;
      if (typeof value !== "number" || !source) return value;
      if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
      return source.replace(/[^\d]/g, "").length > 15 ? source : value;
    }

    function compared(value) { return JSON.stringify(value, (key, part) => typeof part === "bigint" ? part + "n" : part); }

    function shown(value) {
      if (value === null) return { text: "–", kind: "" };
      if (typeof value === "number" || typeof value === "bigint") return { text: number.format(value), kind: "n" };
      if (instant.test(value)) {
        const date = new Date(value);
        const isToday = date.toDateString() === new Date().toDateString();
        return { text: (isToday ? clock : day).format(date), kind: "t", title: value };
      }
      return { text: String(value), kind: "" };
    }

    function label(column) {
      const text = column.replace(/_/g, " ");
      return text.charAt(0).toUpperCase() + text.slice(1);
    }

    const waiting = element("p", "about", "Waiting for the read models.");
    main.append(waiting);

    function section(name) {
      let found = sections.get(name);
      if (found) return found;
      const root = element("section", "pipeline");
      root.id = "pipeline-" + name;
      root.setAttribute("aria-labelledby", "title-" + name);
      const heading = element("div", "heading");
      const title = element("h2", "", name);
      title.id = "title-" + name;
      const lag = element("p", "lag");
      heading.append(title, lag);
      const about = element("p", "about");
      const stopped = element("p", "stopped");
      stopped.setAttribute("role", "alert");
      stopped.hidden = true;
      const numbers = element("div", "numbers");
      const tiles = element("div", "tiles");
      root.append(heading, about, stopped, numbers, tiles);
      const following = [...sections.keys()].sort().find((other) => other > name);
      waiting.remove();
      main.insertBefore(root, following ? sections.get(following).root : null);
      found = { root, lag, about, stopped, numbers, tiles, made: [], rows: [] };
      sections.set(name, found);
      navigate();
      return found;
    }

    function navigate() {
      const list = element("ul");
      for (const name of [...sections.keys()].sort()) {
        const link = element("a", "", name);
        link.href = "#pipeline-" + name;
        const item = element("li");
        item.append(link);
        list.append(item);
      }
      navigation.replaceChildren(list);
      navigation.hidden = sections.size < 2;
    }

    function fill(body, rows, keys, before) {
      const after = new Map();
      const made = rows.map((row, index) => {
        const line = element("tr");
        const key = compared(keys ? keys(row) : row[0]);
        const value = compared(row);
        after.set(key, value);
        if (before.size > 0 && before.get(key) !== value) line.className = "changed";
        for (const cell of row) {
          const what = shown(cell);
          const data = element("td", keys && line.childElementCount === 0 ? "n rank" : what.kind, what.text);
          if (what.title) data.title = what.title;
          line.append(data);
        }
        return line;
      });
      body.replaceChildren(...made);
      return after;
    }

    function tile(view, index, data) {
      let made = view.made[index];
      const extra = data.kind === "leaderboard" && data.members && data.members.length ? Object.keys(data.members[0].show || {}) : [];
      const columns = data.kind === "leaderboard" ? ["rank", "member", "score", ...extra] : data.columns || [];
      const form = JSON.stringify([data.kind, data.title, data.error ? null : columns]);
      if (!made || (made.form !== form && !data.error)) {
        const root = element("article", "tile " + data.kind);
        const heading = element("h3", "", data.title);
        root.append(heading);
        const fault = element("p", "fault");
        fault.setAttribute("role", "status");
        made = { form, root, fault, before: new Map() };
        if (data.kind === "number") {
          made.value = element("p", "value");
          root.append(made.value);
        } else {
          made.board = element("span", "board");
          heading.append(made.board);
          const table = element("table");
          table.setAttribute("aria-label", data.title);
          const head = element("thead");
          const line = element("tr");
          for (const column of columns) {
            const cell = element("th", column === "rank" ? "n rank" : column === "score" ? "n" : "", label(column));
            cell.scope = "col";
            line.append(cell);
          }
          head.append(line);
          made.head = line;
          made.body = element("tbody");
          table.append(head, made.body);
          const scroll = element("div", "scroll");
          scroll.append(table);
          made.scroll = scroll;
          made.empty = element("p", "empty", "Nothing yet.");
          root.append(scroll, made.empty);
        }
        root.append(fault);
        const place = data.kind === "number" ? view.numbers : view.tiles;
        const old = view.made[index];
        if (old && old.root.parentNode === place) {
          old.root.replaceWith(root);
        } else {
          if (old) old.root.remove();
          place.append(root);
        }
        view.made[index] = made;
      }
      made.fault.hidden = !data.error;
      if (made.fault.textContent !== (data.error || "")) made.fault.textContent = data.error || "";
      if (data.kind === "number") {
        made.value.hidden = Boolean(data.error);
        if (!data.error) made.value.textContent = shown(data.rows.length ? data.rows[0][0] : null).text;
        return;
      }
      if (data.error) {
        made.scroll.hidden = made.empty.hidden = true;
        return;
      }
      let rows = data.rows;
      if (data.kind === "leaderboard") {
        rows = data.members.map((member) => [member.rank, member.member, member.score, ...extra.map((name) => (member.show || {})[name])]);
        made.board.textContent = data.board.length ? " · " + data.board.join(" · ") : "";
      }
      made.scroll.hidden = rows.length === 0;
      made.empty.hidden = rows.length > 0;
      if (rows.length) {
        rows[0].forEach((cell, place) => {
          if (typeof cell === "number" || typeof cell === "bigint") made.head.children[place].classList.add("n");
        });
      }
      const keys = data.kind === "leaderboard" ? (row) => row[1] : null;
      made.before = fill(made.body, rows, keys, made.before);
    }

    function dashboard(data) {
      const view = section(data.pipeline);
      view.about.textContent = data.about;
      data.tiles.forEach((each, index) => tile(view, index, each));
      while (view.made.length > data.tiles.length) view.made.pop().root.remove();
    }

    function status(data) {
      const view = section(data.pipeline);
      const late = data.behind;
      const isLate = late !== null && late.records > 0;
      view.lag.textContent = late === null ? "kept by a worker in another process" : isLate
        ? number.format(late.records) + " records, " + number.format(Math.round(late.seconds)) + " s lag"
        : "up to date";
      view.lag.classList.toggle("late", isLate);
      // Only what waits for a lane that stands still is worth a word.
      const held = data.stopped.length === 0 ? [] : (data.held || []).map((each) =>
        each.projection + " waits for " + each.table + "[" + each.partition + "].");
      view.stopped.hidden = data.stopped.length === 0;
      const text = data.stopped.concat(held).join(" ");
      if (view.stopped.textContent !== text) view.stopped.textContent = text;
    }

    function connected(state) {
      const texts = { live: "Live", lost: "Connection lost, trying again" };
      if (connection.textContent !== texts[state]) connection.textContent = texts[state];
      connection.className = state;
    }

    // Nothing that one key was shown is left for the next one.
    function forget() {
      sections.clear();
      main.replaceChildren(waiting);
      navigate();
    }
    """#
}
