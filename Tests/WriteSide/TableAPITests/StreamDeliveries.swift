/// What the workers of a consumer were given of a stream, read as it happened, and what was wrong with that. A change of an item has the number after that of
/// the item's change before it, from 1 on.
///
/// A worker that takes a shard over is given again what came after the shard's last checkpoint; nothing else may come twice.
struct StreamDeliveries {
  /// A line of a worker's notes.
  struct Note {
    enum Kind: Equatable {
      /// A worker was given a shard, from after a sequence number on or from the shard's beginning.
      case start(after: SequenceText?)
      case record(SequenceText, item: String, change: Int)
      case checkpoint(SequenceText)
      /// The shard was read to its end, and the worker said so.
      case ended
    }

    let time: Int64
    let worker: String
    let shard: String
    let kind: Kind
  }

  /// A sequence number as the Streams API writes it: digits that may be too many for an integer.
  struct SequenceText: Comparable {
    let digits: String

    static func < (one: SequenceText, other: SequenceText) -> Bool {
      (one.digits.utf8.count, one.digits) < (other.digits.utf8.count, other.digits)
    }
  }

  private(set) var faults: [String] = []
  private(set) var repeats = 0
  private(set) var ended: Set<String> = []
  private(set) var last: [String: Int] = [:]
  /// When each worker was first given each shard.
  private(set) var starts: [String: [(time: Int64, worker: String)]] = [:]
  private var checkpoints: [String: SequenceText] = [:]
  /// Of each shard and worker the last sequence number that it was given, or the one after which it started.
  private var places: [String: [String: SequenceText?]] = [:]
  private var sequences: [String: [SequenceText]] = [:]

  /// Takes the notes of all workers in the order of their times.
  mutating func take(_ note: Note) {
    switch note.kind {
    case .start(let after):
      if let checkpoint = checkpoints[note.shard], after.map({ $0 < checkpoint }) ?? true {
        let place = after?.digits ?? "its beginning"
        faults.append("\(note.worker) was given \(note.shard) from \(place), before the checkpoint at \(checkpoint.digits)")
      }
      starts[note.shard, default: []].append((note.time, note.worker))
      places[note.shard, default: [:]][note.worker] = .some(after)
    case .record(let sequence, let item, let change): take(note, sequence, item: item, change: change)
    case .checkpoint(let sequence): checkpoints[note.shard] = max(checkpoints[note.shard] ?? sequence, sequence)
    case .ended: ended.insert(note.shard)
    }
  }

  private mutating func take(_ note: Note, _ sequence: SequenceText, item: String, change: Int) {
    let place = "\(note.worker) at \(sequence.digits) of \(note.shard): change \(change) of \(item)"
    switch places[note.shard]?[note.worker] {
    case nil: faults.append("\(place) came without a start")
    case .some(.some(let before)) where sequence <= before: faults.append("\(place) came after \(before.digits)")
    default: break
    }
    places[note.shard, default: [:]][note.worker] = .some(sequence)
    let had = last[item] ?? 0
    if change == had + 1 {
      last[item] = change
      sequences[item, default: []].append(sequence)
    } else if change > had {
      faults.append("\(place) came after change \(had)")
    } else if sequences[item]?[change - 1] != sequence {
      faults.append("\(place) came again with another sequence number")
    } else {
      repeats += 1
    }
  }

  /// All faults, and what is missing of the changes that were written, by item their number.
  func faults(written: [String: Int]) -> [String] {
    faults
      + written.sorted { $0.key < $1.key }.filter { last[$0.key] ?? 0 != $0.value }
      .map { "\($0.key) has \($0.value) changes, and \(last[$0.key] ?? 0) came" }
      + last.keys.filter { written[$0] == nil }.sorted().map { "\($0) was never written" }
  }

  /// How long after the kill of `worker` at `time` others were given its shards, by shard; nil for those that nobody was given.
  func takeovers(of shards: [String], from worker: String, at time: Int64) -> [String: Duration?] {
    Dictionary(
      uniqueKeysWithValues: shards.map { shard in
        let next = starts[shard]?.first { $0.time > time && $0.worker != worker }
        return (shard, next.map { .nanoseconds($0.time - time) })
      })
  }
}

extension StreamDeliveries.Note {
  /// A line of a worker's file; nil for one that says nothing of these things.
  init?(line: Substring, worker: String) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 6, let time = Int64(words[0]) else { return nil }
    let sequence = StreamDeliveries.SequenceText(digits: words[3])
    let isNumber = !words[3].isEmpty && words[3].allSatisfy(\.isNumber)
    let kind: Kind
    switch words[1] {
    case "start": kind = .start(after: isNumber ? sequence : nil)
    case "record":
      guard isNumber, let change = Int(words[5]) else { return nil }
      kind = .record(sequence, item: words[4], change: change)
    case "checkpoint" where isNumber: kind = .checkpoint(sequence)
    case "ended": kind = .ended
    default: return nil
    }
    self.init(time: time, worker: worker, shard: words[2], kind: kind)
  }
}
