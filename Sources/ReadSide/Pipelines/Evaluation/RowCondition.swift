internal import DynamoModel
package import Expressions

/// A condition over the columns of a row: DynamoDB's condition grammar with literals. A timestamp compares as its text `2026-01-01T10:00:00.000000Z`, and a
/// column that is null is not there.
package struct RowCondition: Sendable {
  package let text: String
  private let expression: ConditionExpression
  /// Places in the row.
  private let columns: [String: Int]

  /// `columns` are the names that the text may use, with their places in the row.
  package init(text: String, expression: ConditionExpression, columns: [String: Int]) {
    self.text = text
    self.expression = expression
    self.columns = columns
  }

  package func holds(_ row: [Value]) -> Bool {
    expression.evaluate { path in
      guard path.elements.count == 1, let column = columns[path.root] else { return nil }
      return row[column].attribute
    }
  }
}
