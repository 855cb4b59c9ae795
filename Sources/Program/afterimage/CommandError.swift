/// Why a command could not do what it was asked for: a sentence that says what to do.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
