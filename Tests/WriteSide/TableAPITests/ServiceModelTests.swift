import Foundation
import PythonTestKit
import Testing

@testable import TableAPI

/// What is generated from AWS's service models.
@Suite struct ServiceModelTests {
  @Test func `the generated files are what botocore says`() async throws {
    try #require(Python.isAvailable, "botocore is missing: \(Python.skipped)")
    let script = URL(filePath: #filePath).appending(path: "../../../../.ci/service-model").standardized
    let (status, output) = try await ClientProgram.run([Python.path, script.path, "--check"])
    #expect(status == 0, "\(output)")
  }

  @Test func `the requests of every operation of AWS have a shape`() {
    let operations = OperationRegistry.all.filter { $0.service != .own }
    #expect(Set(operations.map(\.name)) == Set(RequestShape.inputs.keys))
  }

  @Test func `a wrong type in a request that is refused is reported for every operation`() async throws {
    let server = try APIServer()
    let client = server.client()
    for (operation, body, error) in [
      ("CreateBackup", #"{"BackupName":5}"#, "NUMBER_VALUE cannot be converted to String"),
      ("ExportTableToPointInTime", #"{"ExportTime":"now"}"#, "STRING_VALUE cannot be converted to Timestamp"),
      ("UpdateContinuousBackups", #"{"PointInTimeRecoverySpecification":[]}"#, "Start of list found where not expected"),
      ("ImportTable", #"{"TableCreationParameters":{"KeySchema":{}}}"#, "Start of structure or map found where not expected"),
    ] {
      #expect(try await client.send(operation, body).error == "SerializationException: \(error)", "\(operation)")
    }
  }

  @Test func `limits of batches of tables are those of the model`() async throws {
    let tables = (0...25).map { #""Tab\#($0)":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]"# }.joined(separator: ",")
    try await SampleTable.expect([
      (
        "BatchWriteItem", #"{"RequestItems":{\#(tables)}}"#,
        "ValidationException: 1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: Member must have "
          + "length less than or equal to 25"
      )
    ])
  }
}
