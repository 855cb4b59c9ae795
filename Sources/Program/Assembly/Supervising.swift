internal import Services
internal import Telemetry

/// Tells the service manager when the process is ready, in the sense of `/ready`, that it is alive, and that it stops.
///
/// Alive is a process whose tasks get their turn: everything that does not block, lanes, checkpoints and answers that wait, runs on the threads that this
/// task needs as well. What stands still beyond that is in `/metrics` (`afterimage_heartbeat_timestamp_seconds`), where it can be looked at before
/// anything is killed: to start again does not bring a database back.
struct Supervising: Service {
  let name = "supervision"
  let supervision: Supervision
  let health: NodeHealth
  let logger: Logger

  func run() async throws {
    var supervision = supervision
    var isHeard = true
    func say(_ text: String) {
      do throws(NotifySocket.Failure) {
        try supervision.socket.send(text)
        isHeard = true
      } catch {
        // Once, not at every turn.
        if isHeard { logger.warning("the service manager does not take what this process says", ["reason": "\(error)"]) }
        isHeard = false
      }
    }
    while !Task.isCancelled {
      // What makes a process ready is not asked again: an answer may take long while a database is away.
      let readiness = supervision.hasSaidReady ? nil : await health.readiness()
      let text = supervision.turn(
        isReady: readiness?.isReady ?? false, waitsFor: readiness?.waitsFor ?? "", now: ContinuousClock.now)
      if let text { say(text) }
      try? await Task.sleep(for: supervision.pause)
    }
    say(Supervision.stopping)
  }
}
