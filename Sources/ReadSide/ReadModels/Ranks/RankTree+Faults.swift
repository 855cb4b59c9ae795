internal import DynamoModel
internal import Glibc

/// What a test asks after each change: whether all that the tree relies on holds.
extension RankTree {
  /// Everything that is wrong; O(n log n).
  func faults() -> [String] {
    var faults: [String] = []
    var blocks = 0
    var records = 0
    var long = 0
    var last: [UInt8] = []
    func check(_ number: Int32, parent: Int32, level: Int) -> Int {
      blocks += 1
      let node = node(number)
      if node.parent != parent { faults.append("node \(number) has the parent \(node.parent), not \(parent)") }
      if node.level != level {
        faults.append("node \(number) has the level \(node.level), not \(level)")
        return 0
      }
      if level > 0 {
        if node.used < 2 || node.used > RankNode.width { faults.append("inner node \(number) has \(node.used) children") }
        for place in 0..<node.used {
          let count = check(node.child(place), parent: number, level: level - 1)
          if count != node.count(place) { faults.append("node \(number) counts \(node.count(place)) where there are \(count)") }
          var least = self.node(node.child(place))
          while least.level > 0 { least = self.node(least.child(0)) }
          if least.used > 0, node.head(place) != RankBound.head(least.record(0)) {
            faults.append("node \(number) has another head at \(place) than the child's least record")
          }
        }
        return node.countOfAll
      }
      if node.used == 0, number != root { faults.append("leaf \(number) is empty") }
      if node.content > RankNode.leafBytes { faults.append("leaf \(number) has \(node.content) bytes") }
      for place in 0..<node.used {
        let record = node.record(place)
        records += 1
        if node.isLong(place) { long += record.count }
        if node.isLong(place) != (record.count > LeafEntry.bytesMax) { faults.append("a record of \(record.count) bytes") }
        let bytes = Array(record)
        if records > 1, !Bytes.less(last, bytes) { faults.append("leaf \(number) is not in order at \(place)") }
        last = bytes
        guard isIndexed else { continue }
        let member = layout.member(record)
        let hash = BytesTable.wideHash(member)
        if node.tag(place) != RankTable.tag(hash) { faults.append("leaf \(number) has another tag at \(place)") }
        guard let found = find(member, hash: hash) else {
          faults.append("the member at \(place) of leaf \(number) is not found")
          continue
        }
        if found.leaf != number || found.place != place {
          faults.append("the member at \(place) of leaf \(number) is found at \(found.place) of leaf \(found.leaf)")
        }
      }
      return node.used
    }
    let total = check(root, parent: -1, level: height)
    if total != count || records != count { faults.append("\(count) records, and \(total) counted, \(records) in leaves") }
    if blocks != nodes.count { faults.append("\(nodes.count) blocks of which \(blocks) are used") }
    if long != longBytes { faults.append("\(longBytes) bytes of long records where there are \(long)") }
    if isIndexed { faults += table.faults(nodes, layout, count: count) }
    return faults
  }
}

extension RankTable {
  /// Everything that is wrong: members that are not counted, and buckets that were passed by more or fewer than they say.
  func faults(_ nodes: borrowing Blocks, _ layout: RankLayout, count expected: Int) -> [String] {
    var faults: [String] = []
    var homes = [Int](repeating: 0, count: buckets)
    for number in 0..<Int32(nodes.count) {
      let node = RankNode(base: nodes[number])
      guard node.level == 0 else { continue }
      for place in 0..<node.used { homes[home(BytesTable.wideHash(layout.member(node.record(place))))] += 1 }
    }
    let taken = (0..<buckets).map { bucket in
      let (first, second) = lanes(pointer(bucket), 0)
      return RankTable.lanes - first.nonzeroBitCount - second.nonzeroBitCount
    }
    if taken.reduce(0, +) != expected || count != expected { faults.append("\(count) members in the table of \(expected)") }
    for bucket in 0..<buckets {
      // Who passes a bucket passed the one before it or has his home here, and does not stand here.
      let before = Int(passed(bucket == 0 ? buckets - 1 : bucket - 1))
      if buckets > 1, Int(passed(bucket)) != before + homes[bucket] - taken[bucket] {
        faults.append(
          "bucket \(bucket) was passed \(passed(bucket)) times; \(before) came, \(homes[bucket]) homes, \(taken[bucket]) taken")
      }
    }
    if isUnfit(expected) { faults.append("\(expected) members in \(buckets) buckets") }
    return faults
  }
}
