internal import DynamoModel
internal import Pipelines
internal import Projections

/// The counted values of one group that are in `_values`, as far as they were asked for: whoever asks for more throws `Unanswered`, so that what many groups
/// want is fetched in one statement and their work done again.
///
/// First deltas are merged (`add`), then what they changed is written, then the least and greatest are asked for: answers hold for what was written.
struct AskedValues: GroupValues {
  /// A value of a column.
  struct Place: Hashable {
    let column: Int
    let key: [UInt8]

    static func isBefore(_ left: Place, _ right: Place) -> Bool {
      left.column == right.column ? Bytes.less(left.key, right.key) : left.column < right.column
    }
  }

  struct Entry {
    let key: [UInt8]
    let kept: [UInt8]
  }

  /// What is to be fetched.
  enum Question {
    /// The counts of the values that the group's delta changes.
    case counts
    case extreme(column: Int, greatest: Bool)
    case least(column: Int, prefix: [UInt8])
    /// The next so many below a key.
    case before(Place, limit: Int)
  }

  struct Unanswered: Error {
    let question: Question
  }

  private struct Extreme: Hashable {
    let column: Int
    let greatest: Bool
  }

  /// An answer, which may be that there is none.
  private struct Answer<Found> {
    let found: Found?
  }

  struct Removal {
    let column: Int
    let low: [UInt8]
    let high: [UInt8]
  }

  let watermark: Instant
  /// Whether `counts` has everything that the delta may change.
  private(set) var knowsCounts: Bool
  private var counts: [Place: (count: Int64, kept: [UInt8])] = [:]
  /// The values whose counts were changed.
  private(set) var changed: Set<Place> = []
  /// What is to be removed once all is derived.
  private(set) var removals: [Removal] = []
  private var extremes: [Extreme: Answer<Entry>] = [:]
  private var leasts: [Place: Answer<[UInt8]>] = [:]
  private var earlier: [Place: Answer<Entry>] = [:]
  /// How many were last fetched at once below a key: a long run takes few rounds.
  private var lastFetched = 4

  /// Of a group that begins, nothing is in the store.
  init(watermark: Instant, isNew: Bool) {
    self.watermark = watermark
    knowsCounts = isNew
  }

  mutating func answer(counts known: [Place: (count: Int64, kept: [UInt8])]) {
    counts = known
    knowsCounts = true
  }

  mutating func answer(extreme column: Int, greatest: Bool, _ entry: Entry?) {
    extremes[Extreme(column: column, greatest: greatest)] = Answer(found: entry)
  }

  mutating func answer(least column: Int, prefix: [UInt8], _ kept: [UInt8]?) {
    leasts[Place(column: column, key: prefix)] = Answer(found: kept)
  }

  /// `entries` from the greatest down; fewer than `limit` of them say that there are no more.
  mutating func answer(before place: Place, limit: Int, _ entries: [Entry]) {
    var last = place
    for entry in entries {
      earlier[last] = Answer(found: entry)
      last = Place(column: place.column, key: entry.key)
    }
    if entries.count < limit { earlier[last] = Answer(found: nil) }
    lastFetched = limit
  }

  /// The count of a changed value, and what is kept with it.
  func count(_ place: Place) -> (count: Int64, kept: [UInt8]) { counts[place] ?? (0, []) }

  mutating func add(column: Int, key: [UInt8], kept: [UInt8]?, change: Int64) throws -> (before: Int64, after: Int64) {
    guard knowsCounts else { throw Unanswered(question: .counts) }
    let place = Place(column: column, key: key)
    let old = count(place)
    counts[place] = (old.count + change, kept ?? old.kept)
    changed.insert(place)
    return (old.count, old.count + change)
  }

  func kept(column: Int, key: [UInt8]) throws -> [UInt8]? {
    guard knowsCounts else { throw Unanswered(question: .counts) }
    return counts[Place(column: column, key: key)].flatMap { $0.count == 0 ? nil : $0.kept }
  }

  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], kept: [UInt8])? {
    guard let answer = extremes[Extreme(column: column, greatest: greatest)] else {
      throw Unanswered(question: .extreme(column: column, greatest: greatest))
    }
    return answer.found.map { ($0.key, $0.kept) }
  }

  func least(column: Int, prefix: [UInt8]) throws -> [UInt8]? {
    guard let answer = leasts[Place(column: column, key: prefix)] else {
      throw Unanswered(question: .least(column: column, prefix: prefix))
    }
    return answer.found
  }

  func before(_ key: [UInt8], column: Int) throws -> (key: [UInt8], kept: [UInt8])? {
    let place = Place(column: column, key: key)
    guard let answer = earlier[place] else { throw Unanswered(question: .before(place, limit: lastFetched * 8)) }
    return answer.found.map { ($0.key, $0.kept) }
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) throws {
    removals.append(Removal(column: column, low: low ?? [], high: high))
  }
}
