internal import CSV
internal import Crypto
package import DynamoModel
internal import Foundation
internal import Gzip
package import TableStore

/// Exports and imports in a local directory that stands in for S3: each bucket a directory in it, each key a path in that.
package struct TransferDirectory: TableFiles {
  private let root: String

  package init(path: String) { root = path }

  // MARK: Export

  /// As AWS lays an export out: `prefix/AWSDynamoDB/id/` with the data files under `data`, and two manifests.
  package func export(_ job: TableJob, lines: ((ExportLine) throws -> Void) throws -> Void) throws {
    let folder = try TransferPath.folder(job, root)
    try make(folder.path + "/data")
    let key = "\(folder.key)/data/items-0.json.gz"
    let file = folder.path + "/data/items-0.json.gz"
    let writer = try GzipFileWriter(path: file)
    var count = 0
    var buffer: [UInt8] = []
    let showsOld = job.text("view") != "NEW_IMAGE"
    try lines { line in
      var text = JSONWriter(continuing: buffer)
      buffer = []
      text.exportLine(line, showsOld: showsOld)
      buffer = text.bytes
      buffer.append(10)
      count += 1
      if buffer.count >= TransferDirectory.blockBytes {
        try writer.write(buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try writer.write(buffer)
    try writer.close()
    let checksum = Base64.encode(Hashing.md5(Array(try Data(contentsOf: URL(filePath: file)))))
    try write(
      TransferManifest.files(key: key, count: count, checksum: checksum), to: folder.path + "/manifest-files.json")
    try write(TransferManifest.summary(job, folder.key, count: count), to: folder.path + "/manifest-summary.json")
  }

  private static let blockBytes = 1 << 18

  private func make(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw TableFilesError("the directory of the bucket cannot be written")
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
      throw TableFilesError("the directory of the bucket cannot be written")
    }
  }

  // MARK: Import

  /// Calls `put` with each item of the job's files, in the order of their names, and `skip` with the reason for each line that is not an
  /// item. Throws when the bucket does not exist, for a file that cannot be read (by name), and what `put` throws.
  package func read(_ job: TableJob, put: (Item) throws -> Void, skip: (String) -> Void) throws {
    let bucket = try TransferPath.bucket(job, root)
    let prefix = job.text("prefix") ?? ""
    guard FileManager.default.fileExists(atPath: bucket), let walk = FileManager.default.enumerator(atPath: bucket) else {
      throw TableFilesError("the bucket \(job.text("bucket") ?? "") does not exist")
    }
    let names = walk.compactMap { $0 as? String }.filter {
      $0.hasPrefix(prefix) && !TransferManifest.names.contains(where: $0.hasSuffix)
    }
    for name in names.sorted() {
      let path = "\(bucket)/\(name)"
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { continue }
      do {
        let reader = try LineReader(path: path)
        if job.text("format") == "CSV" {
          try TransferRows.csv(reader, job, put: put, skip: skip)
        } else {
          try TransferRows.json(reader, put, skip)
        }
      } catch let error as LineReaderError {
        throw TableFilesError("\(name): \(error.description.replacingOccurrences(of: root, with: ""))")
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func exportLine(_ line: ExportLine, showsOld: Bool) {
    beginObject()
    switch line {
    case .item(let item):
      name("Item")
      self.item(item)
    case .change(let keys, let old, let new, let time):
      name("Metadata")
      beginObject()
      name("WriteTimestampMicros")
      beginObject()
      member("N", String(time * 1000))
      endObject()
      endObject()
      name("Keys")
      item(keys)
      if let old, showsOld {
        name("OldImage")
        item(old)
      }
      if let new {
        name("NewImage")
        item(new)
      }
    }
    endObject()
  }
}
