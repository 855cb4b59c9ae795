internal import DynamoModel
internal import TableStore

/// The two manifests of an export.
enum TransferManifest {
  static let names = ["manifest-files.json", "manifest-summary.json"]

  /// A line for each data file.
  static func files(key: String, count: Int, checksum: String) -> [UInt8] {
    Outcome.object { writer in
      writer.member("itemCount", count)
      writer.member("md5Checksum", checksum)
      writer.member("dataFileS3Key", key)
    } + [10]
  }

  static func summary(_ job: TableJob, _ key: String, count: Int) -> [UInt8] {
    Outcome.object { writer in
      writer.member("version", "2020-06-30")
      writer.member("exportArn", job.arn)
      writer.member("tableArn", job.description.arn)
      writer.member("tableId", job.description.dynamoTableID)
      writer.name("exportTime")
      writer.seconds(job.integer("time") ?? 0)
      writer.member("s3Bucket", job.text("bucket") ?? "")
      writer.member("s3Prefix", job.text("prefix") ?? "")
      writer.member("manifestFilesS3Key", "\(key)/manifest-files.json")
      writer.member("itemCount", count)
      writer.member("outputFormat", "DYNAMODB_JSON")
    } + [10]
  }
}
