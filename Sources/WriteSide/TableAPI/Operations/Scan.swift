internal import DynamoModel
internal import Expressions
internal import TableStore

enum Scan {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let parameters = try ReadParameters(body)
    let segment = try body.integer("Segment")
    let segments = try body.integer("TotalSegments")
    var constraints = Constraints()
    parameters.check(quotesLimit: true, &constraints)
    constraints.range(segment, .scanSegment, at: "segment")
    constraints.range(segments, .scanTotalSegments, at: "totalSegments")
    try ExpressionForm.scan.check(body, &constraints)
    try constraints.check()
    var expressions = try ExpressionParameters(body, call.api.expressions, .scan)
    let start = try parameters.givenStart()
    try parameters.checkSelect(countsErrors: false)
    try check(segment, segments)
    let filter = try expressions.filter()
    let projection = try expressions.projection()
    try expressions.checkAllUsed()

    let table = try call.table(parameters.table ?? "")
    let index = try parameters.indexDefinition(table)
    let fetches = try parameters.fetches(index, table, projection)
    try parameters.check(start: start, table, index, index == nil ? Scan.invalidStart : ReadParameters.invalidStart)
    try KeyPaths.check((filter?.paths ?? []) + (projection?.paths ?? []), table.definition)
    var part: (index: Int, of: Int)?
    if let segment, let segments {
      part = (segment, segments)
      if let start, try call.store.segment(table, index: index, of: start, count: segments) != segment {
        throw .validation(
          "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            + "TotalSegments: \(segments) Segment: \(segment)")
      }
    }
    var page = Page(
      limit: parameters.limit, filter: filter, projection: projection, countsOnly: parameters.countsOnly,
      pageAttributes: ReadParameters.pageAttributes(table.definition, index))
    try call.store.scan(table, index: index, segment: part, after: start) { (item) throws(DynamoError) in
      page.take(item, fetched: fetches ? try Query.whole(item, table, call) : nil)
    }
    return .answer(
      Outcome.object { writer in
        page.write(to: &writer)
        writer.consumedCapacity(
          page.capacity(table.definition.name, index, consistent: parameters.consistent),
          ifWanted: .init(parameters.returnConsumedCapacity))
      })
  }

  private static let invalidStart = DynamoError.validation(
    "The provided starting key is invalid: The provided key element does not match the schema")

  private static func check(_ segment: Int?, _ segments: Int?) throws(DynamoError) {
    switch (segment, segments) {
    case (nil, nil): return
    case (nil, _?):
      throw .validation(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
    case (_?, nil):
      throw .validation(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
    case (let segment?, let segments?):
      guard segment < segments else {
        throw .validation(
          "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            + "Segment: \(segment) is not less than TotalSegments: \(segments)")
      }
    }
  }
}
