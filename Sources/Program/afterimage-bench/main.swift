import Foundation
import Services

// Measures each part alone and the whole, and prints one JSON object. Arguments name parts; without any all are run.
Memory.bound()
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.count == 2, arguments[0] == "serve-store" {
  try ServerBench.serve(arguments[1])
} else if arguments.count == 4, arguments[0] == "work-million" {
  try await MillionBench.work(Array(arguments.dropFirst()))
} else {
  await Parts.run(arguments)
}
