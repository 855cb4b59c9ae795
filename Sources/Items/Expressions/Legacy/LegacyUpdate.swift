package import DynamoModel

/// One entry of `AttributeUpdates`, the parameter from before update expressions.
package struct LegacyUpdate: Sendable {
  package enum Action: String, Sendable, CaseIterable {
    case add = "ADD"
    case put = "PUT"
    case delete = "DELETE"
  }

  package let attribute: String
  package let action: Action
  package let value: AttributeValue?

  package init(attribute: String, action: Action, value: AttributeValue?) {
    self.attribute = attribute
    self.action = action
    self.value = value
  }

  /// Throws for an action that does not take its value.
  package func check() throws(DynamoError) {
    guard let value else {
      guard action == .delete else {
        throw .invalidParameter("Only DELETE action is allowed when no attribute value is specified")
      }
      return
    }
    switch (action, value) {
    case (.put, _), (_, .stringSet), (_, .numberSet), (_, .binarySet), (.add, .number), (.add, .list): return
    case (.add, _): throw .invalidParameter("ADD action is not supported for the type \(value.typeName)")
    case (.delete, _): throw .invalidParameter("DELETE action with value is not supported for the type \(value.typeName)")
    }
  }

  fileprivate var updateAction: UpdateAction {
    let path = DocumentPath(attribute: attribute)
    return switch (action, value) {
    case (.put, let value?): UpdateAction(path: path, change: .set(.value(value)))
    case (.add, .list(let elements)?):
      UpdateAction(path: path, change: .set(.append(.ifNotExists(path, .value(.list([]))), .value(.list(elements)))))
    case (.add, let value?): UpdateAction(path: path, change: .add(value))
    case (.delete, let value?): UpdateAction(path: path, change: .delete(value))
    case (_, nil): UpdateAction(path: path, change: .remove)
    }
  }
}

extension UpdateExpression {
  /// Updates that passed their checks, each of another attribute.
  package init(legacy updates: [LegacyUpdate]) {
    self.init(updates.map(\.updateAction), isLegacy: true)
  }
}
