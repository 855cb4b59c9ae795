internal import Foundation

/// A key pair that requests are signed with, and the token of temporary ones.
package struct Credentials: Sendable {
  package let accessKey: String
  let secretKey: String
  let sessionToken: String?

  package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  /// Those of the environment. A server without keys takes any, so the name of the program stands in for what is not set.
  package static var environment: Credentials {
    let environment = ProcessInfo.processInfo.environment
    return Credentials(
      accessKey: environment["AWS_ACCESS_KEY_ID"] ?? "afterimage",
      secretKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "afterimage",
      sessionToken: environment["AWS_SESSION_TOKEN"])
  }
}
