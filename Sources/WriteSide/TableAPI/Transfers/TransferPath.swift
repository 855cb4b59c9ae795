internal import DynamoModel
internal import TableStore

/// Where in the directory a bucket and its keys are.
enum TransferPath {
  static func bucket(_ job: TableJob, _ root: String) throws(TableFilesError) -> String {
    let bucket = job.text("bucket") ?? ""
    guard !bucket.isEmpty, bucket != ".", bucket != "..", !bucket.utf8.contains(UInt8(ascii: "/")) else {
      throw TableFilesError("\(bucket) is not the name of a bucket")
    }
    return "\(root)/\(bucket)"
  }

  /// The folder of an export, as a path and as a key within its bucket.
  static func folder(_ job: TableJob, _ root: String) throws(TableFilesError) -> (path: String, key: String) {
    let prefix = (job.text("prefix") ?? "").split(separator: "/").map(String.init)
    guard !prefix.contains("."), !prefix.contains("..") else { throw TableFilesError("the prefix leads out of the bucket") }
    let id = job.arn.split(separator: "/").last.map(String.init) ?? ""
    let key = (prefix + ["AWSDynamoDB", id]).joined(separator: "/")
    return (try bucket(job, root) + "/" + key, key)
  }
}
