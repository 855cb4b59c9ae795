import Foundation

// Measures each part alone and the whole, and prints one JSON object. Arguments name parts; without any all are run.
await Parts.run(Array(CommandLine.arguments.dropFirst()))
