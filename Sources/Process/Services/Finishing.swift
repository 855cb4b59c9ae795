/// Does work that is not cut off at once when the task is cancelled: it has `limit` to come to its end, and is cancelled after that. Returns what it gives,
/// in either case when it has ended.
package func finishing<Result: Sendable>(within limit: Duration, _ work: @escaping @Sendable () async -> Result) async -> Result {
  let task = Task { await work() }
  return await withTaskCancellationHandler {
    await task.value
  } onCancel: {
    Task {
      try? await Task.sleep(for: limit)
      task.cancel()
    }
  }
}
