import BrowserTestKit
import Dashboard
import Foundation
import HTTPServer
import Testing

/// The page's script in a real browser: what it makes of the events that the server sends.
@Suite(.timeLimit(.minutes(2)), .enabled(if: Browser.isAvailable, "chromium is not installed"))
struct PageScriptTests {
  /// The page as the server serves it, with its events from a list: a stream that stays open would hold the browser's time.
  private static func shown(_ events: [(name: String, data: String)], at hash: String = "") async throws -> String {
    let list = events.map { "[\(quoted($0.name)), \(quoted($0.data))]" }.joined(separator: ",")
    let source = """
      window.EventSource = class {
        constructor(path) {
          document.documentElement.dataset.path = path;
          this.handlers = {};
          let place = 0;
          const next = () => {
            const events = [\(list)];
            if (place === events.length) return;
            const [name, data] = events[place++];
            this.handlers[name]({ data });
            setTimeout(next, 10);
          };
          setTimeout(next, 10);
        }
        addEventListener(name, handler) { this.handlers[name] = handler; }
      };
      """
    let server = try HTTPServer.serving { request, responder in
      if request.path == "/source.js" {
        return responder.answer(HTTPResponse(headers: [("Content-Type", "text/javascript")], body: Array(source.utf8)))
      }
      guard let file = Page.file(request.path) else { return responder.answer(.text(404, "nothing")) }
      guard request.path == "/", case .bytes(let bytes) = file.body else { return responder.answer(file) }
      let html = String(decoding: bytes, as: UTF8.self).replacingOccurrences(
        of: #"<script src="/page.js""#, with: #"<script src="/source.js"></script><script src="/page.js""#)
      responder.answer(HTTPResponse(headers: file.headers, body: Array(html.utf8)))
    }
    defer { server.stop() }
    let profile = FileManager.default.temporaryDirectory.path + "/browser-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: profile) }
    let page = try await Browser.page("http://127.0.0.1:\(server.port)/\(hash)", profile: profile)
    #expect(page.contains(#"data-path="/v1/events""#))
    return page
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
  }

  private static func dashboard(_ pipeline: String, _ tiles: String...) -> (name: String, data: String) {
    ("dashboard", #"{"pipeline":"\#(pipeline)","about":"About \#(pipeline)","tiles":[\#(tiles.joined(separator: ","))]}"#)
  }

  private static func table(_ title: String, _ columns: String, _ rows: String) -> String {
    #"{"kind":"table","title":"\#(title)","columns":[\#(columns)],"rows":[\#(rows)]}"#
  }

  private static func number(_ title: String, _ value: String) -> String {
    #"{"kind":"number","title":"\#(title)","columns":["n"],"rows":[[\#(value)]]}"#
  }

  private static func status(_ pipeline: String, _ members: String) -> (name: String, data: String) {
    ("status", #"{"pipeline":"\#(pipeline)",\#(members)}"#)
  }

  @Test func `rows, numbers and boards are shown, text of items as text alone`() async throws {
    let board = #"""
      {"kind":"leaderboard","title":"Best","board":["tetra","2026-01"],"members":[
      {"rank":1,"member":"<img src=x onerror=alert(1)>","score":120,"show":{"nick_name":"a<b"}},
      {"rank":2,"member":"ben","score":7,"show":{"nick_name":null}}]}
      """#.replacing("\n", with: "")
    let page = try await Self.shown([
      Self.dashboard(
        "games", Self.table("Rooms", #""room_name","speakers""#, #"["<script>x</script>",3],["",null]"#), board,
        Self.number("Plays", "1234567"))
    ])
    #expect(page.contains("<h2 id=\"title-games\">games</h2>") && page.contains("About games"))
    #expect(
      page.contains("<th class=\"\" scope=\"col\">Room name</th>") || page.contains("<th scope=\"col\">Room name</th>"), "\(page)"
    )
    #expect(page.contains("<td>&lt;script&gt;x&lt;/script&gt;</td>") && page.contains("<td class=\"n\">3</td>"), "\(page)")
    #expect(page.contains("<td>–</td>"))
    #expect(page.contains("<td>&lt;img src=x onerror=alert(1)&gt;</td>") && !page.contains("<img"), "\(page)")
    #expect(page.contains("Nick name</th>") && page.contains("<td>a&lt;b</td>"))
    #expect(page.contains(" · tetra · 2026-01"))
    #expect(page.contains("<td class=\"n rank\">1</td>") && page.contains("<p class=\"value\">1,234,567</p>"), "\(page)")
    #expect(page.contains(">Live</p>") && !page.contains("Waiting for the read models"))
  }

  @Test func `further scores and columns of a board stand before what it shows`() async throws {
    let board =
      #"{"kind":"leaderboard","title":"Best","board":[],"members":[{"rank":1,"member":"ben","score":7,"score_2":41,"columns":{"total_plays":3},"show":{"nick":"B"}}]}"#
    let page = try await Self.shown([Self.dashboard("games", board)])
    let places = ["Rank<", "Member<", "Score<", "Score 2<", "Total plays<", "Nick<"].map { page.range(of: $0)?.lowerBound }
    #expect(!places.contains(nil) && places.compactMap { $0 } == places.compactMap { $0 }.sorted(), "\(page)")
    #expect(page.contains(">41</td>") && page.contains(">3</td>") && page.contains(">B</td>"), "\(page)")
  }

  @Test func `numbers that a double would change are exact`() async throws {
    let page = try await Self.shown([
      Self.dashboard(
        "p",
        Self.table(
          "Exact", #""a","b","c","d""#,
          "[9007199254740993,-12345678901234567890123456789012345678,0.12345678901234567890,1.5]"),
        Self.number("Sum", "18446744073709551617"))
    ])
    for text in [
      "9,007,199,254,740,993", "-12,345,678,901,234,567,890,123,456,789,012,345,678", "0.12345678901234567890", ">1.5<",
      "18,446,744,073,709,551,617",
    ] {
      #expect(page.contains(text), "\(text) is not in \(page)")
    }
  }

  @Test func `instants are shown as people read them, with the whole text beside`() async throws {
    let page = try await Self.shown([
      Self.dashboard("p", Self.table("Times", #""at""#, #"["2020-03-04T05:06:07.123456Z"],["2020-03-04"]"#))
    ])
    #expect(page.contains(#"<td class="t" title="2020-03-04T05:06:07.123456Z">"#) && page.contains("Mar"), "\(page)")
    #expect(page.contains("<td>2020-03-04</td>"))
  }

  @Test func `a tile that has no answer says why, alone, and is itself again when it has one`() async throws {
    func tiles(_ first: String) -> (name: String, data: String) { Self.dashboard("p", first, Self.number("Other", "5")) }
    let fault = #"{"kind":"table","title":"Slow","error":"the query ran longer than 5 s"}"#
    let broken = try await Self.shown([tiles(Self.table("Slow", #""a""#, "[1]")), tiles(fault)])
    #expect(broken.contains(#"<p class="fault" role="status">the query ran longer than 5 s</p>"#), "\(broken)")
    #expect(broken.contains(#"<div class="scroll" hidden"#) && broken.contains(#"<p class="value">5</p>"#), "\(broken)")
    let mended = try await Self.shown([tiles(fault), tiles(Self.table("Slow", #""a""#, "[77]"))])
    #expect(mended.contains(#"<td class="n">77</td>"#) && !mended.contains("ran longer"), "\(mended)")
    #expect(!mended.contains(#"<div class="scroll" hidden"#), "\(mended)")
  }

  @Test func `what changed is marked, tiles that are gone go, and an empty one says so`() async throws {
    let page = try await Self.shown([
      Self.dashboard("p", Self.table("T", #""k","v""#, #"["a",1],["b",2]"#), Self.table("Gone", #""x""#, "[1]")),
      Self.dashboard("p", Self.table("T", #""k","v""#, #"["a",1],["b",3]"#)),
    ])
    #expect(page.contains(#"<tr class="changed"><td>b</td><td class="n">3</td></tr>"#), "\(page)")
    #expect(page.contains(#"<tr><td>a</td><td class="n">1</td></tr>"#) && !page.contains("Gone"), "\(page)")
    let empty = try await Self.shown([Self.dashboard("p", Self.table("T", #""k""#, ""))])
    #expect(empty.contains("<p class=\"empty\">Nothing yet.</p>"), "\(empty)")
  }

  @Test func `pipelines stand in the order of their names, with links when there are several`() async throws {
    let page = try await Self.shown([Self.dashboard("zeta"), Self.dashboard("alpha")])
    let places = ["#pipeline=alpha", "#pipeline=zeta", "title-alpha", "title-zeta"].map { page.range(of: $0)?.lowerBound }
    #expect(places.allSatisfy { $0 != nil })
    #expect(places[0]! < places[1]! && places[2]! < places[3]!)
    #expect(try await Self.shown([Self.dashboard("one")]).contains(#"<nav id="pipelines" aria-label="Pipelines" hidden"#))
  }

  @Test func `one pipeline is shown, that of the address or the first, and the list says what is wrong with the others`()
    async throws
  {
    let events = [
      Self.dashboard("zeta"), Self.dashboard("alpha"), Self.dashboard("mid"),
      Self.status("mid", #""behind":{"records":0,"seconds":0},"stopped":["T[2] record 7 cannot be read"],"held":[]"#),
      Self.status("zeta", #""behind":{"records":900,"seconds":12.4},"stopped":[],"held":[]"#),
      Self.status("alpha", #""behind":{"records":3,"seconds":0.4},"stopped":[],"held":[]"#),
    ]
    func section(_ name: String, isHidden: Bool) -> String {
      let hidden = isHidden ? " hidden=\"\"" : ""
      return "<section class=\"pipeline\" id=\"pipeline-\(name)\" aria-labelledby=\"title-\(name)\"\(hidden)>"
    }
    func item(_ name: String, isCurrent: Bool = false, _ mark: String = "") -> String {
      let current = isCurrent ? " aria-current=\"page\"" : ""
      let hidden = mark.isEmpty ? " hidden=\"\"" : ""
      return "<a href=\"#pipeline=\(name)\"\(current)><span>\(name)</span><span class=\"mark\"\(hidden)>\(mark)</span></a>"
    }
    let first = try await Self.shown(events)
    for text in [
      section("alpha", isHidden: false), section("mid", isHidden: true), section("zeta", isHidden: true),
      item("alpha", isCurrent: true), item("mid", "stopped"), item("zeta", "late"), "<title>alpha · Afterimage</title>",
    ] {
      #expect(first.contains(text), "\(text) is not in \(first)")
    }
    let last = try await Self.shown(events, at: "#pipeline=zeta")
    for text in [section("alpha", isHidden: true), section("zeta", isHidden: false), item("zeta", isCurrent: true, "late")] {
      #expect(last.contains(text), "\(text) is not in \(last)")
    }
    // The link past the list chooses nothing.
    #expect(try await Self.shown(events, at: "#main").contains(section("alpha", isHidden: false)))
    #expect(try await Self.shown(events, at: "#pipeline=none").contains(section("alpha", isHidden: false)))
  }

  @Test func `lag, what stands still and what waits for it are said`() async throws {
    let fine = try await Self.shown([Self.status("p", #""behind":{"records":0,"seconds":0},"stopped":[],"held":[]"#)])
    #expect(fine.contains(#"<p class="lag">up to date</p>"#), "\(fine)")
    let elsewhere = try await Self.shown([Self.status("p", #""behind":null,"stopped":[],"held":[]"#)])
    #expect(elsewhere.contains("kept by a worker in another process"))
    let held = #"[{"projection":"live","table":"T","partition":2,"waiting":9}]"#
    let late = try await Self.shown([
      Self.status("p", #""behind":{"records":1500,"seconds":12.4},"stopped":["T[2] record 7 <cannot> be read"],"held":\#(held)"#)
    ])
    #expect(late.contains(#"<p class="lag late">1,500 records, 12 s lag</p>"#), "\(late)")
    #expect(
      late.contains(#"<p class="stopped" role="alert">T[2] record 7 &lt;cannot&gt; be read live waits for T[2].</p>"#), "\(late)")
    // Lanes that merely go on at their own pace are not worth a word.
    let going = try await Self.shown([Self.status("p", #""behind":{"records":3,"seconds":1},"stopped":[],"held":\#(held)"#)])
    #expect(!going.contains("waits for"))
  }

  @Test func `a lost connection is said, and that it is there again`() async throws {
    #expect(try await Self.shown([("error", "")]).contains(">Connection lost, trying again</p>"))
    #expect(try await Self.shown([("error", ""), ("open", "")]).contains(#"role="status" class="live">Live</p>"#))
  }
}
