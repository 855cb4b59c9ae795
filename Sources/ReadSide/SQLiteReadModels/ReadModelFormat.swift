/// The format of read models, for whoever looks at one from outside.
package enum ReadModelFormat {
  /// Of the tables' layout and the states' bytes. A read model of another version is not read but built again.
  package static let version = GenerationSchema.version
}
