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
      found = { root, lag, about, stopped, numbers, tiles, trouble: "", made: [], rows: [] };
      sections.set(name, found);
      navigate();
      return found;
    }

    // One pipeline is shown at a time: that of the address, else the first. The others are kept up to date, and the list says of each whether something
    // is wrong with it. No element has the address's name, so a choice does not scroll.
    const links = new Map();
    let chosen = "";

    function choose() {
      if (!location.hash.startsWith("#pipeline=")) return;
      chosen = decodeURIComponent(location.hash.slice("#pipeline=".length));
      navigate();
      scrollTo(0, 0);
    }

    function navigate() {
      const names = [...sections.keys()].sort();
      const current = sections.has(chosen) ? chosen : names[0];
      if (names.length !== links.size || names.some((name) => !links.has(name))) {
        const list = element("ul");
        links.clear();
        for (const name of names) {
          const link = element("a");
          link.href = "#pipeline=" + encodeURIComponent(name);
          const mark = element("span", "mark");
          link.append(element("span", "", name), mark);
          const item = element("li");
          item.append(link);
          list.append(item);
          links.set(name, { link, mark });
        }
        navigation.replaceChildren(list);
      }
      for (const name of names) {
        const { link, mark } = links.get(name);
        const { root, trouble } = sections.get(name);
        root.hidden = name !== current;
        if (name === current) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
        mark.hidden = !trouble;
        if (mark.textContent !== trouble) mark.textContent = trouble;
      }
      navigation.hidden = names.length < 2;
      document.title = current ? current + " · Afterimage" : "Afterimage";
    }

    addEventListener("hashchange", choose);
    choose();

    // Rows that were not there before, as they are, are marked.
    function fill(body, rows, isRanked, before) {
      const after = new Set();
      const made = rows.map((row, index) => {
        const line = element("tr");
        const value = compared(row);
        after.add(value);
        if (before.size > 0 && !before.has(value)) line.className = "changed";
        for (const cell of row) {
          const what = shown(cell);
          const data = element("td", isRanked && line.childElementCount === 0 ? "n rank" : what.kind, what.text);
          if (what.title) data.title = what.title;
          line.append(data);
        }
        return line;
      });
      body.replaceChildren(...made);
      return after;
    }

    // What a member has beside its rank and first score, by name.
    function beside(member) {
      const scores = Object.entries(member).filter(([name]) => name.startsWith("score_"));
      return new Map([...scores, ...Object.entries(member.columns || {}), ...Object.entries(member.show || {})]);
    }

    function tile(view, index, data) {
      let made = view.made[index];
      const extra = data.kind === "leaderboard" && data.members && data.members.length ? [...beside(data.members[0]).keys()] : [];
      const columns = data.kind === "leaderboard" ? ["rank", "member", "score", ...extra] : data.columns || [];
      const form = JSON.stringify([data.kind, data.title, data.error ? null : columns]);
      if (!made || (made.form !== form && !data.error)) {
        const root = element("article", "tile " + data.kind + (extra.length ? " wide" : ""));
        const heading = element("h3", "", data.title);
        root.append(heading);
        const fault = element("p", "fault");
        fault.setAttribute("role", "status");
        made = { form, root, fault, before: new Set() };
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
        rows = data.members.map((member) => [member.rank, member.member, member.score, ...beside(member).values()]);
        made.board.textContent = data.board.length ? " · " + data.board.join(" · ") : "";
      }
      made.scroll.hidden = rows.length === 0;
      made.empty.hidden = rows.length > 0;
      if (rows.length) {
        rows[0].forEach((cell, place) => {
          if (typeof cell === "number" || typeof cell === "bigint") made.head.children[place].classList.add("n");
        });
      }
      made.before = fill(made.body, rows, data.kind === "leaderboard", made.before);
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
      // A moment's lag is the usual thing.
      const trouble = data.stopped.length ? "stopped" : isLate && late.seconds >= 10 ? "late" : "";
      if (view.trouble !== trouble) {
        view.trouble = trouble;
        navigate();
      }
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
