internal import Foundation
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels

/// What can be seen of a database of read models.
extension Diagnostics {
  /// Of a place that is a database: the server, and each pipeline that has read models there: generations, lanes and who runs them, what stands still, dead letters, and the rows held
  /// against their hashes. Reads every row of the current generations, and changes nothing.
  package static func database(at place: ReadModelPlace) -> [Diagnosis] {
    guard let database = place.database else { return [] }
    do {
      return try server(database) + place.pipelines().flatMap { pipeline($0, database, place) }
    } catch let error as PostgresError {
      return [
        Diagnosis(
          .wrong, "database", "it cannot be asked: \(error.message)",
          advice: "see that the server runs, that its address and the password are right, and that this machine may connect")
      ]
    } catch {
      return [Diagnosis(.wrong, "database", "it cannot be asked: \(error)")]
    }
  }

  private static func server(_ database: PostgresDatabase) throws -> [Diagnosis] {
    let asked = Date()
    let server = try database.about()
    let clocks = ClockDifference(server.now, askedFor: asked, answered: Date())
    var found = [
      Diagnosis(
        .fine, "database",
        "\(server.database) on PostgreSQL \(server.version), as \(server.role); \(server.connections) of \(server.connectionsMax) "
          + "connections are in use")
    ]
    if let sentence = clocks.sentence {
      found.append(Diagnosis(.note, "clock", sentence, advice: "let a time service keep the clocks of all machines"))
    }
    if server.isReadOnly {
      found.append(
        Diagnosis(
          .wrong, "database",
          "it takes no writes: \(server.isStandby ? "it is a standby" : "default_transaction_read_only is on")",
          advice: server.isStandby
            ? "name all servers and ask for the one that takes them: postgres://user@one,two/database?target_session_attrs=read-write"
            : "workers wait until it is off"))
    }
    if !server.mayMakeSchemas {
      found.append(
        Diagnosis(
          .wrong, "database", "\(server.role) may not make schemas in \(server.database)",
          advice: "GRANT CREATE ON DATABASE \(server.database) TO \(server.role)"))
    }
    return found
  }

  private static func pipeline(_ name: String, _ database: PostgresDatabase, _ place: ReadModelPlace) -> [Diagnosis] {
    let subject = "read model \(name)"
    do throws(ReadModelError) {
      let store = try database.stores.pipeline(name)
      let generations = try store.generations()
      let shown = generations.map { "\($0.number) (\($0.state))" }.joined(separator: ", ")
      var found = [Diagnosis(.fine, subject, "generations \(shown)")]
      if let work = try store.reported() { found += lanes(SharedStatus(work, generations: generations), subject, name) }
      return found + checkedRows(name, at: place)
    } catch {
      return [Diagnosis(.wrong, subject, "\(error)")]
    }
  }

  private static func lanes(_ status: SharedStatus, _ subject: String, _ name: String) -> [Diagnosis] {
    var found: [Diagnosis] = []
    for running in status.generations {
      let places = running.lanes.map { lane in
        let place = "\(lane.report.table):\(lane.report.partition):\(lane.report.sequence)"
        return lane.report.behind == 0 ? place : "\(place), \(lane.report.behind) behind"
      }
      let workers = Set(running.lanes.compactMap(\.worker)).sorted()
      let whose = workers.isEmpty ? "nobody works on it" : "worked on by \(workers.joined(separator: ", "))"
      found.append(
        Diagnosis(
          .fine, subject,
          "generation \(running.generation.number) holds the records through \(places.joined(separator: "; ")); \(whose)"))
    }
    found += status.stopped.map { Diagnosis(.wrong, subject, $0) }
    let letters = status.generations.first?.lanes.reduce(0) { $0 + $1.report.deadLetters } ?? 0
    if letters > 0 {
      found.append(
        Diagnosis(.note, subject, "\(letters) dead letters", advice: "see them with: afterimage dead-letter list \(name)"))
    }
    return found
  }
}
