/// The end of the page's script: the login, where the server has keys, and the events. The token goes to the server once and is kept nowhere; what stands for
/// it then is a cookie that no script can read.
enum PageLogin {
  static let javascript = #"""
    const account = document.getElementById("account");
    const keyName = document.getElementById("key");
    const footer = document.querySelector("footer");
    let events = null;

    function listen() {
      events = new EventSource("/v1/events");
      const source = events;
      source.addEventListener("open", () => connected("live"));
      source.addEventListener("error", () => {
        if (source !== events) return;
        connected("lost");
        // The browser has given up: the session may be over, or the server is too busy.
        if (source.readyState === 2) setTimeout(begin, 2000);
      });
      source.addEventListener("dashboard", (event) => { connected("live"); dashboard(JSON.parse(event.data, exactly)); });
      source.addEventListener("status", (event) => { connected("live"); status(JSON.parse(event.data, exactly)); });
    }

    function stopListening() {
      if (events) events.close();
      events = null;
    }

    async function send(path, body) {
      const headers = { "Content-Type": "application/json" };
      try {
        const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
        return { status: answer.status, message: answer.ok ? "" : (await answer.json()).message };
      } catch (error) {
        return { status: 0, message: "The server does not answer." };
      }
    }

    // A server without keys has no such path: then everybody sees everything.
    async function begin(justLoggedIn) {
      let answer = null;
      try { answer = await fetch("/v1/session"); } catch (error) { answer = null; }
      stopListening();
      if (answer && answer.status === 401) return askForToken(justLoggedIn === true ? "The browser did not keep the cookie of the session." : "");
      if (answer && answer.ok) {
        keyName.textContent = (await answer.json()).key;
        account.hidden = false;
        waiting.textContent = "Waiting for the read models that this key may see.";
      }
      if (!waiting.isConnected && sections.size === 0) main.replaceChildren(waiting);
      connection.hidden = footer.hidden = false;
      listen();
    }

    function askForToken(fault) {
      stopListening();
      forget();
      account.hidden = true;
      connection.hidden = footer.hidden = true;
      const form = element("form", "login");
      form.setAttribute("aria-labelledby", "login-title");
      const title = element("h2", "", "Log in");
      title.id = "login-title";
      const label = element("label", "", "Token");
      label.htmlFor = "token";
      const field = element("input");
      field.id = "token";
      field.name = "token";
      field.type = "password";
      field.autocomplete = "current-password";
      field.required = true;
      field.spellcheck = false;
      field.setAttribute("aria-describedby", "login-hint login-fault");
      const hint = element("p", "about", "This server has keys. The token is that of an entry of its file of keys; the login lasts twelve hours.");
      hint.id = "login-hint";
      const alert = element("p", "fault", fault);
      alert.id = "login-fault";
      alert.setAttribute("role", "alert");
      const button = element("button", "", "Log in");
      form.append(title, hint, label, field, alert, button);
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        button.disabled = true;
        alert.textContent = "";
        const answer = await send("/v1/login", { token: field.value.trim() });
        button.disabled = false;
        if (answer.status === 200) return begin(true);
        field.value = "";
        field.focus();
        alert.textContent = answer.status === 401 ? "No key has this token." : answer.message;
      });
      main.replaceChildren(form);
      field.focus();
    }

    document.getElementById("logout").addEventListener("click", async () => {
      const answer = await send("/v1/logout", {});
      if (answer.status === 200 || answer.status === 401) return askForToken("");
      keyName.textContent = answer.message;
    });

    begin();
    """#
}
