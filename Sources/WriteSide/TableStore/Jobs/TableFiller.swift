internal import Dispatch
internal import DynamoModel
internal import Synchronization

/// Puts items into a table through the committer, many at a time: each leaves its record and its index entries.
struct TableFiller {
  private let definition: TableDefinition
  private let committer: Committer
  private let isStopping: @Sendable () -> Bool
  private var actions: [WriteAction] = []

  init(_ definition: TableDefinition, _ committer: Committer, _ isStopping: @escaping @Sendable () -> Bool) {
    (self.definition, self.committer, self.isStopping) = (definition, committer, isStopping)
  }

  mutating func put(_ item: Item) throws {
    guard let key = definition.key.key(of: item) else { throw JobRunner.Failure(reason: "an item has no key of the table") }
    actions.append(WriteAction(table: definition.name, key: key, needsCurrent: false) { _ in .put(item) })
    if actions.count == JobWork.chunk { try flush() }
  }

  mutating func flush() throws {
    if isStopping() { throw JobRunner.Stopped() }
    guard !actions.isEmpty else { return }
    let transaction = WriteTransaction(actions: actions)
    actions = []
    let result = Mutex<Result<[WriteResult], DynamoError>?>(nil)
    let done = DispatchSemaphore(value: 0)
    committer.submit(transaction) { outcome in
      result.withLock { $0 = outcome }
      done.signal()
    }
    done.wait()
    switch result.withLock({ $0 }) {
    case .failure(let error)? where error.code == .resourceNotFound:
      throw JobRunner.Failure(reason: "the table was deleted while it was filled")
    case .failure(let error)?: throw error
    default: return
    }
  }
}
