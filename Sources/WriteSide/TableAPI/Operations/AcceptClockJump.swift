internal import DynamoModel
internal import TableStore

/// Our own operation: accepts a wall clock that jumped ahead, after which writes go on with its time and deadlines up to it fire.
///
/// Request: empty. Answer: Accepted, the milliseconds of the jump; 0 when there was none.
enum AcceptClockJump {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    try call.authorizeServer()
    let store = call.store
    return .control { () throws(DynamoError) in
      let jump = store.clockJump
      store.acceptClockJump()
      return Outcome.object { writer in
        writer.member("Accepted", jump)
      }
    }
  }
}
