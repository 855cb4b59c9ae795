internal import Foundation
internal import Synchronization

/// A broker of a test's own, to be killed and started again; destroyed with the value.
package final class KafkaCluster: Sendable {
  package let bootstrap: String
  private let directory: String
  /// Of its brokers' processes.
  private let environment: [String]
  private let isShared = Mutex(false)
  /// Of the process's places, the one that is this cluster's until it is destroyed.
  private let place: Int

  /// Clusters of one process at once. A broker that is killed leaves its ports, and another cluster's must not take them: clients would read on there.
  private static let placesMax = 6
  /// Three brokers with a controller each.
  private static let portsEach = 6
  private static let places = Mutex(Set(0..<placesMax))

  private static func takePlace() throws -> Int {
    guard let place = places.withLock({ $0.popFirst() }) else {
      throw KafkaTestError("\(placesMax) clusters of this process run already")
    }
    return place
  }

  private static func giveBack(_ place: Int) { places.withLock { _ = $0.insert(place) } }

  package static var isAvailable: Bool {
    KafkaBroker.isAvailable && ProcessInfo.processInfo.environment["AFTERIMAGE_TEST_KAFKA"] == nil
  }

  /// A broker that speaks TLS alone and asks for a password, and lets these users do nothing before its owner allows it.
  package convenience init(users: [String], _ settings: [String] = []) throws {
    let passwords = (["broker", "afterimage"] + users).map { "user_\($0)=\"\(KafkaCluster.password(of: $0))\"" }
    let login =
      "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"broker\" password=\"broker-secret\" "
      + passwords.joined(separator: " ") + ";"
    try self.init(
      settings + [
        "listener.name.client.plain.sasl.jaas.config=\(login)",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:afterimage;User:ANONYMOUS;User:broker",
      ], isSecure: true)
  }

  /// A port may be taken all the same.
  private static let attemptsMax = 3

  package static func password(of user: String) -> String { "\(user)-secret" }

  /// Of a secured broker, the file of the authority that signed its certificate.
  package var authority: String { directory + "/ca.pem" }

  /// `settings` are the broker's own, `name=value`; `plugin` is a Java archive with classes that they name.
  package init(_ settings: [String] = [], brokers: Int = 1, isSecure: Bool = false, plugin: String? = nil) throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-kafka-\(UUID().uuidString)").path
    let more = (isSecure ? ["--secure"] : []) + settings.flatMap { ["--set", $0] }
    // An agent's archive is on the path that classes are looked for.
    environment =
      ["JDK_JAVA_OPTIONS=\(KafkaClasses.options(libraries: KafkaBroker.libraries))"]
      + (plugin.map { ["JAVA_TOOL_OPTIONS=-javaagent:\($0)"] } ?? [])
    var taken = try KafkaCluster.takePlace()
    for attempt in 1... {
      // Ports far from those of other test processes, which must not race for the first free one, and below those that the system gives to clients.
      let process = Int(ProcessInfo.processInfo.processIdentifier % 300) * KafkaCluster.placesMax
      let port = 20_000 + (process + taken) * KafkaCluster.portsEach
      do {
        _ = try KafkaBroker.run(
          ["start", directory, "--port", "\(port)", "--brokers", "\(brokers)"] + more, environment: environment)
        break
      } catch {
        _ = try? KafkaBroker.run(["destroy", directory])
        let next = attempt == KafkaCluster.attemptsMax ? nil : try? KafkaCluster.takePlace()
        KafkaCluster.giveBack(taken)
        guard let next else { throw error }
        taken = next
      }
    }
    place = taken
    bootstrap = try KafkaBroker.run(["bootstrap", directory])
    try KafkaBroker.destroyAfterEnd(directory)
  }

  /// Keeps it until the process ends.
  func outlive() { isShared.withLock { $0 = true } }

  /// SIGKILL: nothing is flushed. One of several by its number, from 1 on.
  package func kill(_ broker: Int? = nil) throws {
    _ = try KafkaBroker.run(["kill", directory] + (broker.map { ["\($0)"] } ?? []))
  }

  package func restart() throws { _ = try KafkaBroker.run(["restart", directory], environment: environment) }

  deinit {
    if isShared.withLock({ $0 }) { return }
    _ = try? KafkaBroker.run(["destroy", directory])
    KafkaCluster.giveBack(place)
  }
}
