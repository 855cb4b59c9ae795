package import DynamoModel

/// A projection expression whose text has been read: independent of the names given for its placeholders.
package struct ParsedProjection: Sendable {
  private let syntax: [PathSyntax]

  package init(_ text: String) throws(DynamoError) {
    do throws(ExpressionError) {
      var parser = try Parser(text, .dynamo)
      syntax = try parser.wholeProjection()
      var checker = SyntaxChecker(checksReserved: true)
      for path in syntax { checker.visit(path) }
      try checker.finish()
    } catch {
      throw error.dynamo(.projection)
    }
  }

  package func resolved(_ placeholders: inout Placeholders) throws(DynamoError) -> ProjectionExpression {
    do throws(ExpressionError) {
      var resolver = Resolver(placeholders)
      defer { placeholders = resolver.placeholders }
      var paths: [DocumentPath] = []
      for path in syntax { paths.append(try resolver.path(path)) }
      try PathOverlap.check(paths)
      return ProjectionExpression(paths)
    } catch {
      throw error.dynamo(.projection)
    }
  }
}

/// Which parts of an item an answer shows.
package struct ProjectionExpression: Sendable {
  package let paths: [DocumentPath]
  private let tree: PathTree

  /// The paths must not overlap nor conflict.
  package init(_ paths: [DocumentPath]) {
    self.paths = paths
    tree = PathTree(paths)
  }

  /// Top-level attributes, whole.
  package init(attributes: [String]) { self.init(attributes.map { DocumentPath(attribute: $0) }) }

  /// The item with only what stands at the paths, each within the maps and lists that hold it. Elements of a list close
  /// ranks. What the item lacks is left out.
  package func apply(to item: Item) -> Item { tree.project(item) }
}
