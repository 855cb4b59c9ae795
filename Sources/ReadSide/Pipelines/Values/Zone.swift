internal import Foundation
internal import Synchronization

/// An IANA time zone, made for one question asked for every record: what is the offset at this instant?
///
/// Offsets are remembered for spans of six hours that hold no change, so that a calendar is asked once for each span.
/// Safe from any thread.
package final class Zone: Sendable {
  package let name: String
  package static let utc = Zone(fixed: "UTC")

  private static let spanSeconds: Int64 = 21_600
  private static let spansMax = 8_192

  private let zone: TimeZone?
  private let offsets = Mutex<[Int64: Int32]>([:])

  private init(fixed name: String) {
    self.name = name
    zone = nil
  }

  private init(_ name: String, _ zone: TimeZone) {
    self.name = name
    self.zone = zone
  }

  /// Nil when there is no zone of that name. Names are IANA's (`Europe/Paris`), and `UTC`.
  package static func named(_ name: String) -> Zone? {
    if name == "UTC" || name == "Etc/UTC" || name == "Z" { return .utc }
    guard name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
    return Zone(name, zone)
  }

  /// Seconds that local time is ahead of UTC at an instant (in seconds since 1970).
  package func offset(at second: Int64) -> Int64 {
    guard let zone else { return 0 }
    let span = Timestamp.floorDivide(second, Zone.spanSeconds)
    if let known = offsets.withLock({ $0[span] }) { return Int64(known) }
    let start = span * Zone.spanSeconds
    let first = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start)))
    let last = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start + Zone.spanSeconds - 1)))
    if first == last {
      offsets.withLock {
        if $0.count >= Zone.spansMax { $0.removeAll(keepingCapacity: true) }
        $0[span] = Int32(first)
      }
      return Int64(first)
    }
    return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
  }

  /// The instant of a local time, both in seconds since 1970. A local time that does not exist is read with the offset
  /// before the change; of two the first is taken.
  package func instant(local: Int64) -> Int64 {
    // Offsets lie within a day, so one of the offsets a day around is in force. The larger one gives the earlier instant.
    let before = offset(at: local - Timestamp.secondsPerDay)
    let after = offset(at: local + Timestamp.secondsPerDay)
    let early = local - max(before, after)
    if offset(at: early) == max(before, after) { return early }
    let late = local - min(before, after)
    if offset(at: late) == min(before, after) { return late }
    return local - before
  }
}
