import Foundation
import MemoryReadModels
import ReadModelConformance
import ReadModels
import Testing

/// The store in memory keeps the contract of a store.
@Suite struct MemoryConformanceTests {
  @Test(arguments: ReadModelConformance.allCases)
  func `a store in memory conforms`(_ conformance: ReadModelConformance) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "afterimage-memory-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let models = MemoryReadModels()
    try conformance.run(
      StoreFixture(
        stores: models.stores, directory: directory, deadLettersMax: MemoryReadModels.deadLettersMax,
        reader: { try models.reader($0, $1) },
        fail: { _, part in
          models.fail(at: part.flatMap { MemoryReadModels.Part(rawValue: $0.rawValue) })
          return true
        }, outgrowJournal: { _ in }))
  }
}
