package import DynamoModel

extension ExpressionError {
  /// The error as DynamoDB answers it.
  package func dynamo(_ kind: ExpressionKind) -> DynamoError { .validation("Invalid \(kind.rawValue): \(reason)") }
}
