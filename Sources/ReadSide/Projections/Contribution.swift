internal import DynamoModel
internal import Pipelines

/// What one image gives a group, or takes back.
struct Contribution {
  let inputs: [Value]
  /// +1 adds, -1 takes back.
  let sign: Int64
  let stamp: Stamp
  let itemKey: [UInt8]
  /// By column, a bit where the item gave the group the same score before: it is as old as it was.
  var known: UInt64 = 0

  func isKnown(_ column: Int) -> Bool { known != 0 && known & 1 << UInt64(column) != 0 }
}

/// What the images of one change give a projection, after what both give has cancelled out.
struct Contributions {
  var all: [(inputs: [Value], sign: Int64)] = []

  /// Takes back what the old image gave, adds what the new one gives; of what both give nothing happens. O(old + new).
  init(taken: [[Value]], given: [[Value]]) {
    if taken.count <= 1, given.count <= 1 {
      if taken == given { return }
      for inputs in taken { all.append((inputs, -1)) }
      for inputs in given { all.append((inputs, 1)) }
      return
    }
    var left: [[Value]: Int] = [:]
    for inputs in taken { left[inputs, default: 0] += 1 }
    var added: [[Value]] = []
    for inputs in given {
      if let count = left[inputs], count > 0 { left[inputs] = count - 1 } else { added.append(inputs) }
    }
    for inputs in taken {
      guard let count = left[inputs], count > 0 else { continue }
      left[inputs] = count - 1
      all.append((inputs, -1))
    }
    all += added.map { ($0, 1) }
  }

  init(given: [[Value]]) { all = given.map { ($0, 1) } }
}
