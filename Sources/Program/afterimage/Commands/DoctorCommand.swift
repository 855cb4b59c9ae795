internal import Arguments
internal import Assembly
internal import DynamoClient
internal import DynamoModel
internal import Foundation

/// `afterimage doctor`: what is here, what is wrong, what to do.
enum DoctorCommand {
  static let command = Command(
    "doctor",
    about:
      "Look at this machine, the data directory, the read models' database and a running server; exit code 3 if something is wrong.",
    notes: "It only looks: nothing is changed, locked or sent anywhere. Rows of read models are held against their hashes.",
    options: [
      .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"),
      NodeOptions.readModelsThere, NodeOptions.passwordFile, NodeOptions.namespace, Commands.endpoint,
      PageServer.option, PageServer.tokenFile, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let data = arguments.value("data") ?? "./afterimage-data"
    var found = [Diagnosis(.fine, "afterimage", Version.number + " on " + ProcessInfo.processInfo.operatingSystemVersionString)]
    found += Diagnostics.libraries() + Diagnostics.disk(data) + Diagnostics.directory(data)
    if let place = try NodeOptions.databasePlace(arguments) { found += Diagnostics.database(at: place) }
    found += await tables(arguments, isHeld: Diagnostics.holder(data) != nil)
    found += await pipelines(try PageServer(arguments))
    report(found, isJSON: isJSON)
    if found.contains(where: { $0.verdict == .wrong }) { throw CheckFailure() }
  }

  private static func tables(_ arguments: ParsedArguments, isHeld: Bool) async -> [Diagnosis] {
    let server = TableServer(arguments)
    guard let tape = try? await server.call("Afterimage_20261121.DescribeServer") else {
      let advice = isHeld ? "a process runs on this data: give its address with --endpoint URL" : "start it with: afterimage dev"
      return [Diagnosis(.note, "tables", "no table server answers at \(server.client.endpoint)", advice: advice)]
    }
    var found: [Diagnosis] = []
    let tables = tape.elements(tape.root, "Tables")
    let names = tables.map { tape.text($0, "TableName") + (tape.text($0, "Clock") == "history" ? " (history)" : "") }
    found.append(
      Diagnosis(.fine, "tables", "\(server.client.endpoint) has \(names.isEmpty ? "no tables" : names.joined(separator: ", "))"))
    let jump = Int(tape.text(tape.root, "ClockJump")) ?? 0
    if jump > 0 {
      found.append(
        Diagnosis(
          .wrong, "clock", "the machine's clock is ahead by \(Double(jump) / 1000) s and writes wait",
          advice: "set the clock right, or accept it with: afterimage table clock --accept-jump"))
    }
    return found
  }

  private static func pipelines(_ server: PageServer) async -> [Diagnosis] {
    let answer: JSONTape?
    do {
      answer = try await server.get([])
    } catch let error as PageServer.AccessRefused {
      return [Diagnosis(.note, "pipelines", error.description)]
    } catch {
      answer = nil
    }
    guard let tape = answer, let list = tape.member(tape.root, "pipelines") else {
      return [
        Diagnosis(
          .note, "pipelines", "no query server answers at \(server.address)", advice: "name another with --server URL")
      ]
    }
    var found: [Diagnosis] = []
    for name in tape.strings(list) {
      let status: JSONTape
      do {
        status = try await server.get([name])
      } catch {
        if error is PageServer.AccessRefused { found.append(Diagnosis(.note, "pipeline \(name)", "\(error)")) }
        continue
      }
      let behind = status.member(status.root, "behind")
      let records = behind.map { status.text($0, "records") } ?? "?"
      let stopped = status.elements(status.root, "stopped")
      if behind.map({ status.kind($0) == .null }) ?? false {
        found.append(
          Diagnosis(
            .note, "pipeline \(name)", "kept by a worker in another process",
            advice: "its log lines show its progress; give it the query role as well to see it here"))
      } else if stopped.isEmpty {
        found.append(Diagnosis(.fine, "pipeline \(name)", records == "0" ? "up to date" : "\(records) records not yet applied"))
      }
      for reason in stopped {
        found.append(
          Diagnosis(
            .wrong, "pipeline \(name)", "a lane has stopped: \(status.string(reason))",
            advice: "fix that and start the process again"))
      }
    }
    return found.isEmpty
      ? [Diagnosis(.note, "pipelines", "\(server.address) runs none", advice: "give one with: afterimage dev --pipeline DIR")]
      : found
  }

  private static func report(_ found: [Diagnosis], isJSON: Bool) {
    guard isJSON else {
      let width = found.map(\.subject.count).max() ?? 0
      for one in found {
        let mark = one.verdict.rawValue + String(repeating: " ", count: 5 - one.verdict.rawValue.count)
        Console.line("\(mark)  \(one.subject)\(String(repeating: " ", count: width - one.subject.count))  \(one.finding)")
        if !one.advice.isEmpty { Console.line("\(String(repeating: " ", count: width + 9))→ \(one.advice)") }
      }
      return
    }
    var writer = JSONWriter()
    writer.beginArray()
    for one in found {
      writer.beginObject()
      writer.member("verdict", one.verdict.rawValue)
      writer.member("subject", one.subject)
      writer.member("finding", one.finding)
      writer.member("advice", one.advice)
      writer.endObject()
    }
    writer.endArray()
    Console.line(String(decoding: writer.bytes, as: UTF8.self))
  }
}
