import DynamoModel
import Foundation
import MemoryReadModels
import Pipelines
import ReadModelConformance
import ReadModels
import Testing

/// The store in memory keeps the contract of a store.
@Suite struct MemoryConformanceTests {
  @Test(arguments: ReadModelConformance.allCases)
  func `a store in memory conforms`(_ conformance: ReadModelConformance) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "afterimage-memory-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let models = MemoryReadModels()
    try await conformance.run(
      StoreFixture(
        stores: models.stores, directory: directory, deadLettersMax: MemoryReadModels.deadLettersMax,
        reader: { try models.reader($0, $1) },
        fail: { _, part in
          models.fail(at: part.flatMap { MemoryReadModels.Part(rawValue: $0.rawValue) })
          return true
        }, outgrowJournal: { _ in },
        tamper: { generation, tampering in
          try models.changeRows(generation) { rows, hashes in
            guard let (key, row) = rows.first(where: { $0.value[0] == .string("ben") }) else { return }
            switch tampering {
            case .changed: rows[key]?[3] = .integer(2)
            case .removed: (rows[key], hashes[key]) = (nil, nil)
            case .added:
              var copy = row
              copy[0] = .string("zoe")
              let other = BytesKey(key.bytes + [0])
              (rows[other], hashes[other]) = (copy, hashes[key])
            }
          }
        }))
  }
}
