internal import DynamoModel
internal import TableStore

/// What exports and imports share.
enum Transfers {

  /// The export or import that a request names by its ARN.
  static func job(_ call: Call, _ member: StaticString, at path: String, _ kind: TableJob.Kind) throws(DynamoError) -> TableJob {
    let arn = try call.body.string(member)
    var constraints = Constraints()
    constraints.required(arn != nil, at: path)
    constraints.length(arn, kind == .export ? .exportArn : .importArn, at: path)
    try constraints.check()
    guard let job = call.store.job(arn: arn ?? ""), job.kind == kind else {
      throw kind == .export
        ? DynamoError(.exportNotFound, "Export not found: \(arn ?? "")")
        : DynamoError(.importNotFound, "Import not found: \(arn ?? "")")
    }
    try call.authorize(job.description.definition.name)
    return job
  }

  static func status(_ job: TableJob) -> String {
    switch job.status {
    case .running: "IN_PROGRESS"
    case .done: "COMPLETED"
    case .failed: "FAILED"
    }
  }

  static func check(bucket: String?, at path: String, _ constraints: inout Constraints) {
    constraints.required(bucket != nil, at: path)
    guard let bucket else { return }
    constraints.length(bucket, .s3Bucket, at: path)
    let isWord = { (byte: UInt8) in (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 }
    let bytes = Array(bucket.utf8)
    guard bytes.count >= 2, let first = bytes.first, let last = bytes.last, isWord(first), isWord(last),
      bytes.allSatisfy({ isWord($0) || "._-".utf8.contains($0) })
    else {
      constraints.fail(
        bucket, at: path, "Member must satisfy regular expression pattern: ^[a-z0-9A-Z]+[\\.\\-\\w]*[a-z0-9A-Z]+$")
      return
    }
  }

  /// A page of summaries, the newest first; the token is the ARN of the last one shown, in hexadecimal.
  static func list(
    _ call: Call, _ kind: TableJob.Kind, _ member: StaticString, write: @escaping (inout JSONWriter, TableJob) -> Void
  ) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("TableArn")
    let limit = try body.integer(kind == .export ? "MaxResults" : "PageSize")
    let token = try body.string("NextToken")
    var constraints = Constraints()
    let bounds = kind == .export ? ModelBounds.listExportsMaxLimit : .listImportsMaxLimit
    constraints.range(limit, bounds, at: kind == .export ? "maxResults" : "pageSize")
    try constraints.check()
    let table = arn.map(RequestBody.tableName)
    var jobs = Array(
      call.store.jobs(kind).reversed().filter { job in
        let name = job.description.definition.name
        return call.sees(name) && (table.map { Text.equal($0, name) } ?? true)
      })
    if let token {
      guard let place = jobs.firstIndex(where: { Transfers.token($0) == token }) else { throw .validation("Invalid NextToken") }
      jobs.removeFirst(place + 1)
    }
    let shown = Array(jobs.prefix(limit ?? bounds.max))
    let more = shown.count < jobs.count
    return .answer(
      Outcome.object { writer in
        writer.name(member)
        writer.array(shown) { writer, job in
          writer.beginObject()
          write(&writer, job)
          writer.endObject()
        }
        if more, let last = shown.last { writer.member("NextToken", Transfers.token(last)) }
      })
  }

  /// 112 hexadecimal digits at least, as the service model wants of an import's.
  private static func token(_ job: TableJob) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in job.arn.utf8 { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    while text.count < 112 || text.count % 16 != 0 { text.append(UInt8(ascii: "0")) }
    return String(decoding: text, as: UTF8.self)
  }
}
