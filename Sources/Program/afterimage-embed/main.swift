internal import Foundation

// Writes a Swift file with the texts of pipeline files: afterimage-embed OUTPUT FILE... Run by the build (EmbedPipelines).

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first, arguments.count > 1 else {
  FileHandle.standardError.write(Data("usage: afterimage-embed OUTPUT FILE...\n".utf8))
  exit(2)
}

var text = """
  /// The repository's sample pipelines, as they were when the program was built: by the name of their folder.
  enum SamplePipelines {
    static let all: [(name: String, text: String)] = [

  """
for path in arguments.dropFirst() {
  let file = URL(filePath: path)
  let content = try String(contentsOf: file, encoding: .utf8)
  // Escaped, for the file's own quotes and backslashes; a line of Swift for each line of the file.
  let literal = content.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    line.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }.joined(separator: "\\n")
  text += "    (\"\(file.deletingLastPathComponent().lastPathComponent)\", \"\(literal)\"),\n"
}
text += "  ]\n}\n"
try Data(text.utf8).write(to: URL(filePath: output))
