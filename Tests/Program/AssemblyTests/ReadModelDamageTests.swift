import Assembly
import Foundation
import RandomTestKit
import ReadModels
import SQLiteReadModels
import StoreTestKit
import Testing

/// One flipped bit in any file of a pipeline's read model or catalogue: a refusal, an error, the right answer, or a check that names it; never a
/// wrong answer. 40 flips; AFTERIMAGE_FLIP_ROUNDS sets another number, AFTERIMAGE_SEED repeats a run.
@Suite(.timeLimit(.minutes(10))) struct ReadModelDamageTests {
  static let rounds = ProcessInfo.processInfo.environment["AFTERIMAGE_FLIP_ROUNDS"].flatMap { Int($0) } ?? 40
  static let seed = ProcessInfo.processInfo.environment["AFTERIMAGE_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)

  enum Outcome { case refused, error, right, named }

  /// Checks the read model, reads it, goes on from it to the end of the history, and reads the catalogue.
  private func outcome(_ model: DamagedModel, _ data: String, _ what: String) async throws -> Outcome {
    var isNamed = false
    do {
      let check = try ReadModelCheck(DamagedModel.name, at: .data(data))
      isNamed = !check.isFine
      #expect(check.findings.allSatisfy { !$0.isEmpty })
    } catch {
      #expect(!error.description.isEmpty)
    }
    var outcome = Outcome.right
    func compare(_ expected: [String], _ body: () async throws -> [String]) async {
      let found: [String]
      do {
        found = try await body()
      } catch let error as ReadModelError {
        if case .storage = error { outcome = .error } else { outcome = .refused }
        return
      } catch {
        outcome = .error
        return
      }
      // A write-ahead log that was cut gives an earlier state, which is right for the places that it says; a ledger may lose its end.
      func places(_ all: [String]) -> [String] { all.filter { $0.hasPrefix("place:") || $0.hasPrefix("decided:") } }
      guard found != expected, places(found) == places(expected) else { return }
      if what.hasSuffix("catalog.db-wal"), found == expected.filter({ !$0.hasPrefix("sent: ") }) { return }
      if isNamed { return outcome = .named }
      let (more, less) = (Set(found).subtracting(expected), Set(expected).subtracting(found))
      Issue.record("\(what): not named, and wrong: \(more.sorted().prefix(3)), not \(less.sorted().prefix(3))")
    }
    await compare(model.afterPart) { try model.seen(data) }
    await compare(model.afterAll) { try await model.goneOn(data) }
    await compare(model.catalog) { try model.seenInCatalog(data) }
    return outcome
  }

  @Test(arguments: [false, true])
  func `a flipped bit in a read model or its catalogue never gives a wrong answer that no check names`(isMoved: Bool) async throws
  {
    print("ReadModelDamageTests: AFTERIMAGE_SEED=\(Self.seed)")
    let model = try await DamagedModel.made(seed: Self.seed, isMoved: isMoved)
    let same = try model.copy()
    #expect(try await outcome(model, same.path, "as it was") == .right)
    var generator = SeededGenerator(seed: Self.seed)
    let names = try DamagedModel.files(model.data.path).filter { name in
      !name.hasSuffix(".yaml") && (try? Data(contentsOf: URL(filePath: model.data.path + "/" + name)).isEmpty) == false
    }
    #expect(names.contains { $0.hasSuffix("read-model.db-wal") } && names.contains { $0.hasSuffix("catalog.db") })
    var outcomes: [Outcome: Int] = [:]
    for round in 0..<(Self.rounds / 2) {
      let copy = try model.copy()
      let name = names[round % names.count]
      let file = copy.path + "/" + name
      var bytes = try Data(contentsOf: URL(filePath: file))
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try bytes.write(to: URL(filePath: file))
      let found = try await outcome(model, copy.path, "round \(round), byte \(at) of \(name)")
      outcomes[found, default: 0] += 1
    }
    print("ReadModelDamageTests: \(outcomes)")
    #expect(Self.rounds < 20 || outcomes[.right, default: 0] < Self.rounds)
  }
}
