"""The page's port of a server with keys: every path, asked with every kind of token.

Arguments: the page's address, the file of keys, and the certificate to trust (`-` without TLS). Beside the file of keys lies one with cookies by their names.
"""

import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse

from openapi_spec_validator import OpenAPIV31SpecValidator

PAGE, KEYS, AUTHORITY = sys.argv[1:4]
ADDRESS = urllib.parse.urlsplit(PAGE)
HOST = ADDRESS.netloc
IS_SECURE = ADDRESS.scheme == "https"
COOKIE = ("__Host-" if IS_SECURE else "") + "afterimage-session"
TOKENS = {name: f"token-of-{name}-0123456789abcdef" for name in ["reader", "operator", "other", "everything", "leaver"]}
OWN = {"Origin": PAGE, "Sec-Fetch-Site": "same-origin"}
CROSS = {"Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
OTHER_PORT = {"Origin": f"{ADDRESS.scheme}://{ADDRESS.hostname}:1", "Sec-Fetch-Site": "same-site"}
PUBLIC = ["/", "/index.html", "/page.css", "/page.js", "/icon.svg", "/favicon.ico"]


def connect():
    if IS_SECURE:
        return http.client.HTTPSConnection(HOST, timeout=20, context=ssl.create_default_context(cafile=AUTHORITY))
    return http.client.HTTPConnection(HOST, timeout=20)


def ask(method, path, headers=(), body=None):
    """Status, headers and body. `headers` may name one twice; of a stream the body is not read."""
    connection = connect()
    connection.putrequest(method, path)
    for name, value in headers.items() if isinstance(headers, dict) else headers:
        connection.putheader(name, value)
    if body is not None or method == "POST":
        connection.putheader("Content-Length", str(len(body or b"")))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = b"" if "event-stream" in (answer.getheader("Content-Type") or "") else answer.read()
    connection.close()
    assert not any(token in content.decode() for token in TOKENS.values()), f"{path} answers a token"
    return answer.status, answer, content


def bearer(name):
    return {"Authorization": f"Bearer {TOKENS.get(name, name)}"}


def code(content):
    return json.loads(content)["error"]


def until(what, fact):
    end = time.monotonic() + 20
    while not (found := fact()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def log_in(name, headers=OWN):
    body = json.dumps({"token": TOKENS[name]}).encode()
    status, answer, content = ask("POST", "/v1/login", {"Content-Type": "application/json", **headers}, body)
    assert status == 200 and json.loads(content)["key"] == name, content
    cookie = answer.getheader("Set-Cookie")
    value, *attributes = cookie.split("; ")
    assert attributes == ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"] + ["Secure"] * IS_SECURE, cookie
    assert value.startswith(COOKIE + "=") and TOKENS[name] not in cookie, cookie
    return {"Cookie": f"other=1; {value}"}


def paths():
    """Method, path and query of all that the document has, with what each asks for; and what is behind no login."""
    status, _, content = ask("GET", "/v1/openapi.json", bearer("everything"))
    assert status == 200
    document = json.loads(content)
    OpenAPIV31SpecValidator(document).validate()
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}, document["components"].keys()
    assert document["components"]["securitySchemes"]["session"]["name"] == COOKIE
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts = path.split("/")
            query = urllib.parse.urlencode({one["name"]: "1" for one in operation.get("parameters", []) if one["required"]})
            if path in PUBLIC or path == "/v1/login":
                need = "nothing"
                assert operation["security"] == [], path
            elif path == "/metrics":
                need = "everything"
            elif len(parts) < 4:
                need = "any"
            else:
                need = "operate" if method == "post" and parts[-1] not in ("ranks", "among") else "query"
            found.append((method.upper(), path, f"?{query}" if query else "", need, parts[3] if len(parts) > 3 else None))
    needs = [need for _, _, _, need, _ in found]
    assert all(needs.count(need) > 0 for need in ["nothing", "everything", "any", "operate", "query"]), needs
    assert {pipeline for *_, pipeline in found} == {None, "chat-rooms", "notes"}
    return found


def every_path_with_every_token():
    sessions = {name: log_in(name) for name in TOKENS}
    for method, path, query, need, pipeline in paths():
        if path in ("/v1/login", "/v1/logout"):
            continue
        for name in ["nobody", "wrong", *TOKENS]:
            rights = {"reader": ["query"], "operator": ["query", "operate"], "leaver": ["query"], "everything": ["query", "operate"]}
            held = rights.get(name, []) if pipeline == "chat-rooms" else []
            if pipeline == "notes":
                held = ["query", "operate"] if name in ("other", "everything") else []
            if need == "nothing":
                expected = 200
            elif name in ("nobody", "wrong"):
                expected = 401
            elif need == "any" or need in held or (need == "everything" and name == "everything"):
                expected = None
            else:
                expected = 403
            ways = [{}] if name == "nobody" else [bearer("wrong-0123456789abcdef0123")] if name == "wrong" else [bearer(name), sessions[name]]
            for way in ways:
                # Effects of no name: an operation that is allowed changes nothing that the others look at.
                target = path + (query or ("?effect=no_such" if path.endswith(("/retry", "/discard")) else ""))
                status, answer, content = ask(method, target, {**way, **OWN})
                what = (method, target, name, status, content[:300])
                assert status == expected if expected else status in (200, 400, 404, 409, 503), what
                if status == 401:
                    assert answer.getheader("WWW-Authenticate").startswith('Bearer realm="afterimage"'), what
                    assert code(content) == "Unauthorized", what
                if status == 403:
                    assert code(content) == "Forbidden", what
                if method == "POST" and need != "nothing" and "Cookie" in way:
                    for foreign in [CROSS, OTHER_PORT, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "none"}]:
                        status, _, content = ask(method, target, {**way, **foreign})
                        assert status == 403 and code(content) == "ForbiddenOrigin", (target, foreign, status, content)


def only_what_may_be_seen_is_listed():
    for name, expected in [("reader", ["chat-rooms"]), ("other", ["notes"]), ("everything", ["chat-rooms", "notes"])]:
        assert json.loads(ask("GET", "/v1/pipelines", bearer(name))[2]) == {"pipelines": expected}
        text = ask("GET", "/v1/openapi.json", bearer(name))[2].decode()
        for pipeline in ["chat-rooms", "notes"]:
            assert (pipeline in text) == (pipeline in expected), (name, pipeline)
    hidden, missing = (ask("GET", f"/v1/pipelines/{one}/dashboard", bearer("reader")) for one in ["notes", "nowhere"])
    assert hidden[0] == missing[0] == 403 and hidden[2].replace(b"notes", b"nowhere") == missing[2]


def events(headers, wanted, hidden):
    connection = connect()
    connection.request("GET", "/v1/events", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    seen = set()
    while not wanted <= seen:
        line = answer.readline().decode()
        assert line, f"the events end after {seen}"
        if line.startswith("data: "):
            seen.add(json.loads(line[6:])["pipeline"])
    assert not hidden & seen, seen
    return connection, answer


def bad_input():
    session = log_in("reader")
    value = session["Cookie"].split("; ")[1]
    cases = {
        "an oversized token": {"Authorization": f"Bearer {'x' * 513}"}, "a huge token": {"Authorization": f"Bearer {'x' * 10_000}"},
        "no token": {"Authorization": "Bearer "}, "another scheme": {"Authorization": "Basic cmVhZGVyOng="},
        "a token in the query": {}, "two tokens": {"Authorization": f"Bearer {TOKENS['reader']} {TOKENS['reader']}"},
        "a token as cookie": {"Cookie": f"{COOKIE}={TOKENS['reader']}"}, "an empty cookie": {"Cookie": f"{COOKIE}="},
        "a cut cookie": {"Cookie": value[:-1]}, "a cookie with more": {"Cookie": value + "0"},
        "a cookie twice": {"Cookie": f"{value}; {value}"}, "an oversized cookie": {"Cookie": f"{COOKIE}={'x' * 600}"},
        "a malformed cookie": {"Cookie": f";=;{COOKIE};;\x01=\"{value}"}, "dots": {"Cookie": f"{COOKIE}=1...."},
        "a cookie of ours and a wrong token": {**session, "Authorization": "Bearer wrong-0123456789abcdef0123"},
    }
    for name, headers in cases.items():
        status, _, content = ask("GET", f"/v1/session?token={TOKENS['reader']}" if "query" in name else "/v1/session", headers)
        assert status in (401, 431), (name, status, content)
    header = ("Authorization", f"Bearer {TOKENS['reader']}")
    assert ask("GET", "/v1/session", [header])[0] == 200
    status, _, content = ask("GET", "/v1/session", [header, header])
    assert status == 401 and b"more than once" in content, content
    status, _, _ = ask("GET", "/v1/session", [("Cookie", value), ("cookie", value)])
    assert status == 401
    # Signed by the right key, and over.
    for name, headers in json.load(open(f"{KEYS}.cookies")).items():
        status, _, content = ask("GET", "/v1/session", {"Cookie": f"{COOKIE}={headers}"})
        assert status == (200 if name == "valid" else 401), (name, status, content)


def login_takes_json_from_the_page():
    body = json.dumps({"token": TOKENS["reader"]}).encode()
    as_json = {"Content-Type": "application/json"}
    for headers, content, expected in [
        ({**as_json, **CROSS}, body, 403), ({**as_json, **OTHER_PORT}, body, 403), ({"Content-Type": "text/plain", **OWN}, body, 400),
        ({"Content-Type": "application/x-www-form-urlencoded", **OWN}, b"token=" + TOKENS["reader"].encode(), 400),
        ({**as_json, **OWN}, b"{", 400), ({**as_json, **OWN}, b"", 400), ({**as_json, **OWN}, json.dumps({"token": "x" * 100_000}).encode(), 401),
        ({**as_json, **OWN}, json.dumps({"token": TOKENS["reader"][:-1]}).encode(), 401), (as_json, body, 200),
    ]:
        status, answer, _ = ask("POST", "/v1/login", headers, content)
        assert status == expected, (headers, content[:100], status)
        assert (answer.getheader("Set-Cookie") is not None) == (status == 200)


def write(text):
    """The file of keys, all at once."""
    with open(f"{KEYS}.new", "w") as file:
        file.write(text)
    os.replace(f"{KEYS}.new", KEYS)


def sessions_end():
    first, second, leaver = log_in("reader"), log_in("reader"), log_in("leaver")
    assert ask("POST", "/v1/logout", {**first, **CROSS})[0] == 403
    status, answer, _ = ask("POST", "/v1/logout", {**first, **OWN})
    assert status == 200 and answer.getheader("Set-Cookie").startswith(f"{COOKIE}=; Path=/; Max-Age=0;"), answer.headers
    assert (ask("GET", "/v1/session", first)[0], ask("GET", "/v1/session", second)[0]) == (401, 200)
    connection, stream = events(leaver, {"chat-rooms"}, {"notes"})
    kept, _ = events(second, {"chat-rooms"}, {"notes"})
    by_token, other = events(bearer("leaver"), {"chat-rooms"}, {"notes"})
    text = open(KEYS).read()
    lines = [line for line in text.splitlines() if "id: leaver" not in line]
    write("\n".join(lines) + "\n")
    # The streams end, and both the session and the token are no good.
    for one in [stream, other]:
        while one.readline():
            pass
    assert (ask("GET", "/v1/session", leaver)[0], ask("GET", "/v1/session", bearer("leaver"))[0]) == (401, 401)
    assert ask("GET", "/v1/session", second)[0] == 200
    write(text)
    until("the key is back", lambda: ask("GET", "/v1/session", leaver)[0] == 200)
    for one in [connection, kept, by_token]:
        one.close()


def main():
    until("the read models", lambda: all(
        ask("GET", f"/v1/pipelines/{name}/dashboard", bearer("everything"))[0] == 200 for name in ["chat-rooms", "notes"]))
    every_path_with_every_token()
    only_what_may_be_seen_is_listed()
    bad_input()
    login_takes_json_from_the_page()
    sessions_end()
    print("done")


main()
