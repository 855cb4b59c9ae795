import Foundation

/// Python with the packages that the tests' programs need, in environments of their own: `make test` makes them, and nothing is installed in the
/// machine's own Python.
package enum Python {
  private static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized

  /// With boto3, and beside it the aws command line.
  package static let path = root.appending(path: ".build/python/bin/python").path
  package static let aws = root.appending(path: ".build/python/bin/aws").path
  /// With clients of others, which have versions of boto3 of their own.
  package static let clients = root.appending(path: ".build/clients/bin/python").path
  /// Where the checkers of what is under deploy/ are.
  package static let checks = root.appending(path: ".build/checks/bin").path
  /// Where the clients' packages are.
  package static let clientsLibrary = root.appending(path: ".build/clients/lib").path

  package static let isAvailable = FileManager.default.isExecutableFile(atPath: path)
  package static let areClientsAvailable = FileManager.default.isExecutableFile(atPath: clients)
  package static let areChecksAvailable = FileManager.default.isExecutableFile(atPath: checks + "/python")
  package static let skipped = "make test installs it"
}
