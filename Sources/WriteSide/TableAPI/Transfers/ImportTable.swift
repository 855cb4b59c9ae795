internal import DynamoModel
internal import TableStore

/// Makes a table of the files in the directory that stands in for S3.
enum ImportTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let source = try body.object("S3BucketSource")
    let bucket = try source?.string("S3Bucket")
    let prefix = try source?.string("S3KeyPrefix")
    let format = try body.string("InputFormat")
    let compression = try body.string("InputCompressionType")
    let creation = try body.object("TableCreationParameters")
    let options = try body.object("InputFormatOptions")?.object("Csv")
    let delimiter = try options?.string("Delimiter")
    let header = try options?.strings("HeaderList")
    var constraints = Constraints()
    constraints.required(source != nil, at: "s3BucketSource")
    if source != nil { Transfers.check(bucket: bucket, at: "s3BucketSource.s3Bucket", &constraints) }
    constraints.required(format != nil, at: "inputFormat")
    constraints.oneOf(format, .inputFormat, at: "inputFormat")
    constraints.oneOf(compression, .inputCompressionType, at: "inputCompressionType")
    constraints.required(creation != nil, at: "tableCreationParameters")
    constraints.length(delimiter, .csvDelimiter, at: "inputFormatOptions.csv.delimiter")
    constraints.count(header?.count, .csvHeaderList, shown: "[]", at: "inputFormatOptions.csv.headerList")
    try constraints.check()
    guard format != "ION" else { throw .validation("InputFormat ION is not supported by this server: DYNAMODB_JSON and CSV are") }
    guard compression != "ZSTD" else {
      throw .validation("InputCompressionType ZSTD is not supported by this server: GZIP and NONE are")
    }
    guard let creation else { return .answer(Outcome.empty) }
    let (definition, _) = try CreateTable.read(creation, call.api.settings)
    try call.authorize(definition.name)
    guard call.store.table(definition.name) == nil else {
      throw DynamoError(.resourceInUse, "Table already exists: \(definition.name)")
    }
    var parameters: AttributeMap = [
      "bucket": .string(bucket ?? ""), "prefix": .string(prefix ?? ""), "format": .string(format ?? ""),
      "compression": .string(compression ?? "NONE"), "clientToken": .string(try body.string("ClientToken") ?? ""),
    ]
    if let delimiter { parameters["delimiter"] = .string(delimiter) }
    if let header { parameters["header"] = .list(header.map { .string($0) }) }
    let (all, store) = (parameters, call.store)
    return .control { () throws(DynamoError) -> [UInt8] in
      let (_, job) = try store.createTable(definition, filledBy: .imports, all)
      return Outcome.object { $0.imported(job) }
    }
  }
}
