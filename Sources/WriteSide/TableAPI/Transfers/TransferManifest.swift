internal import DynamoModel
internal import TableStore

/// The two manifests of an export.
enum TransferManifest {
  static let names = ["manifest-files.json", "manifest-summary.json"]

  /// A line for each data file.
  static func files(key: String, count: Int, checksum: String) -> [UInt8] {
    Outcome.object { writer in
      writer.name("itemCount")
      writer.integer(count)
      writer.name("md5Checksum")
      writer.string(checksum)
      writer.name("dataFileS3Key")
      writer.string(key)
    } + [10]
  }

  static func summary(_ job: TableJob, _ key: String, count: Int) -> [UInt8] {
    Outcome.object { writer in
      writer.name("version")
      writer.string("2020-06-30")
      writer.name("exportArn")
      writer.string(job.arn)
      writer.name("tableArn")
      writer.string(job.description.arn)
      writer.name("tableId")
      writer.string(job.description.dynamoTableID)
      writer.name("exportTime")
      writer.seconds(job.integer("time") ?? 0)
      writer.name("s3Bucket")
      writer.string(job.text("bucket") ?? "")
      writer.name("s3Prefix")
      writer.string(job.text("prefix") ?? "")
      writer.name("manifestFilesS3Key")
      writer.string("\(key)/manifest-files.json")
      writer.name("itemCount")
      writer.integer(count)
      writer.name("outputFormat")
      writer.string("DYNAMODB_JSON")
    } + [10]
  }
}
