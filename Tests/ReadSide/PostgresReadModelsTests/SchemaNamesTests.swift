import ChangeLog
import Postgres
import PostgresReadModels
import ReadModels
import Testing

/// The names of schemas.
@Suite struct SchemaNamesTests {
  private func names(_ namespace: Namespace, _ pipeline: String, generation number: Int) -> [String] {
    let database = PostgresDatabase(PostgresSettings(""), namespace: namespace)
    let generation = Generation(number: number, fingerprint: "", state: .current, store: pipeline)
    return [database.schema(of: generation), database.viewSchema(pipeline), database.readerRole, namespace.name]
  }

  @Test func `the usual names are those of before there were others`() {
    #expect(
      names(.usual, "chat-rooms", generation: 7) == ["afterimage.chat-rooms.7", "chat-rooms", "afterimage_reader", "afterimage"])
    let long = String(repeating: "p", count: 63)
    #expect(names(.usual, long, generation: 7)[1] == long)
  }

  @Test func `another namespace begins them all`() throws {
    #expect(
      names(try Namespace("staging"), "chat-rooms", generation: 7)
        == ["staging.chat-rooms.7", "staging_chat-rooms", "staging_reader", "staging"])
  }

  @Test func `none is longer than PostgreSQL takes, and none is another's`() throws {
    let longest = String(repeating: "n", count: Namespace.bytesMax)
    let namespaces =
      [.usual] + (try ["a", "a-b", "a-b-c", "afterimage-2", longest, String(longest.dropLast())].map { try Namespace($0) })
    let pipelines = ["b", "c", "b-c", "a-b", "afterimage", String(repeating: "p", count: 63), String(repeating: "p", count: 62)]
    var schemas: [String] = []
    for namespace in namespaces {
      for pipeline in pipelines {
        let all = names(namespace, pipeline, generation: 99_999_999_999)
        schemas += all.prefix(2)
        for name in all { #expect(name.utf8.count <= 63, "\(name)") }
        // A shortened name still says whose it is.
        #expect(all[0].hasPrefix("\(namespace.name)."))
        #expect(namespace == .usual ? !all[1].contains("_") : all[1].hasPrefix("\(namespace.name)_"))
      }
    }
    #expect(Set(schemas).count == schemas.count)
  }
}
