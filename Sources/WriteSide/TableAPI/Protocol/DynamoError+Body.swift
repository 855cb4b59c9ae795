internal import DynamoModel

extension DynamoError {
  /// The shape that the exception is named with: SDKs cut at the `#`.
  private var type: String {
    switch code {
    case .validation: "com.amazon.coral.validate#\(code.rawValue)"
    case .serialization, .unknownOperation, .missingAuthenticationToken, .incompleteSignature, .invalidSignature,
      .unrecognizedClient, .accessDenied:
      "com.amazon.coral.service#\(code.rawValue)"
    default: "com.amazonaws.dynamodb.v20120810#\(code.rawValue)"
    }
  }

  /// The error as JSON. DynamoDB writes `Message` with a capital where the exception carries more than a text.
  var body: [UInt8] {
    Outcome.object { writer in
      writer.member("__type", type)
      if !message.isEmpty {
        if code == .serialization || code == .transactionCanceled || item != nil {
          writer.member("Message", message)
        } else {
          writer.member("message", message)
        }
      }
      if let item {
        writer.name("Item")
        writer.item(item)
      }
      if let row { writer.member("Row", row) }
      if code == .transactionCanceled {
        writer.name("CancellationReasons")
        writer.array(cancellationReasons) { $0.cancellationReason($1) }
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func cancellationReason(_ reason: DynamoError.CancellationReason) {
    beginObject()
    member("Code", reason.code)
    if let message = reason.message { member("Message", message) }
    if let item = reason.item {
      name("Item")
      self.item(item)
    }
    endObject()
  }
}
