import Services
import SupervisionTestKit
import Testing

/// What a service manager hears of a process, and how.
@Suite struct SupervisionTests {
  private func supervision(_ more: [String: String] = [:]) throws -> Supervision {
    try #require(Supervision(environment: more.merging(["NOTIFY_SOCKET": "@afterimage"]) { $1 }, process: 7))
  }

  @Test func `without a socket to speak with nothing is said`() {
    for socket in ["", "/", "@", "vsock:2:3", "relative/path", "/" + String(repeating: "x", count: 107)] {
      #expect(Supervision(environment: ["NOTIFY_SOCKET": socket], process: 7) == nil, "\(socket)")
    }
    #expect(Supervision(environment: ["WATCHDOG_USEC": "1000"], process: 7) == nil)
    #expect(Supervision(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 106)], process: 7) != nil)
  }

  @Test func `a watchdog is answered at half its time, and only by the process it is meant for`() throws {
    #expect(try supervision().beat == nil)
    #expect(try supervision(["WATCHDOG_USEC": "3000000"]).beat == .milliseconds(1500))
    #expect(try supervision(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"]).beat == .milliseconds(1500))
    #expect(try supervision(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"]).beat == nil)
    for wrong in ["", "0", "1", "-5", "soon"] { #expect(try supervision(["WATCHDOG_USEC": wrong]).beat == nil, "\(wrong)") }
  }

  @Test func `a start says what it waits for when that changes, and asks for time while its turns come round`() throws {
    var supervision = try supervision(["WATCHDOG_USEC": "3000000"])
    let start = ContinuousClock.now
    func turn(_ waitsFor: String, _ seconds: Int) -> String? {
      supervision.turn(isReady: false, waitsFor: waitsFor, now: start.advanced(by: .seconds(seconds)))
    }
    #expect(turn("notes has no read model yet", 0) == "STATUS=notes has no read model yet\nEXTEND_TIMEOUT_USEC=60000000")
    #expect(turn("notes has no read model yet", 19) == nil)
    #expect(turn("notes has no read model yet", 20) == "EXTEND_TIMEOUT_USEC=60000000")
    #expect(turn("two\nlines", 21) == "STATUS=two lines")
    #expect(supervision.pause == .milliseconds(200) && !supervision.hasSaidReady)
    #expect(turn(String(repeating: "é", count: 400), 22) == "STATUS=" + String(repeating: "é", count: 250))
  }

  @Test func `ready is said once, and from then on each turn says that the process is alive`() throws {
    var supervision = try supervision(["WATCHDOG_USEC": "3000000"])
    #expect(supervision.turn(isReady: true, waitsFor: "", now: .now) == "READY=1\nSTATUS=ready")
    #expect(supervision.hasSaidReady && supervision.pause == .milliseconds(1500))
    #expect(supervision.turn(isReady: false, waitsFor: "stopped", now: .now) == "WATCHDOG=1")
  }

  @Test func `without a watchdog a process that is ready has nothing more to say`() throws {
    var supervision = try supervision()
    #expect(supervision.turn(isReady: true, waitsFor: "", now: .now) == "READY=1\nSTATUS=ready")
    #expect(supervision.turn(isReady: true, waitsFor: "", now: .now) == nil)
    #expect(supervision.pause == .seconds(3600))
  }

  @Test(arguments: [ServiceManager.Place.path, .abstract])
  func `a datagram arrives whole at a socket with a path and at an abstract one`(place: ServiceManager.Place) throws {
    let manager = try ServiceManager(place)
    let socket = try #require(NotifySocket(manager.name))
    try socket.send("READY=1\nSTATUS=ready")
    try socket.send("WATCHDOG=1")
    #expect(manager.next() == "READY=1\nSTATUS=ready")
    #expect(manager.next() == "WATCHDOG=1")
    #expect(manager.next(within: .zero) == nil)
  }

  @Test func `a manager that is gone is a failure that names its socket`() throws {
    let socket = try #require(NotifySocket("@afterimage-nobody-listens-here"))
    #expect { try socket.send("READY=1") } throws: { "\($0)" == "@afterimage-nobody-listens-here: Connection refused" }
  }
}
