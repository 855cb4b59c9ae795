internal import Arguments
internal import Crypto
internal import Foundation
internal import HTTPServer
internal import Services
internal import Telemetry

/// The certificate and key files of a server that speaks TLS.
package struct CertificateFiles: Sendable {
  package let certificate: String
  package let key: String

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  func read(_ options: OptionPlaces = .none) throws -> TLSIdentity {
    func bytes(_ path: String, _ option: String) throws -> [UInt8] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw StartError("\(options.lead(option))\(path) cannot be read")
      }
      return Array(data)
    }
    return TLSIdentity(certificate: try bytes(certificate, "tls-cert"), key: try bytes(key, "tls-key"))
  }
}

extension NodeSettings {
  /// The file of `tableAuthorities`, which holds certificates; nil for the machine's own.
  func checkedAuthorities() throws(StartError) -> String? {
    guard let file = tableAuthorities else { return nil }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw StartError("\(options.lead("table-endpoint-ca"))the authorities of the table server: \(file) cannot be read")
    }
    do throws(CertificateList.Mistake) {
      _ = try CertificateList.count(Array(data))
    } catch {
      throw StartError(
        "\(options.lead("table-endpoint-ca"))the authorities of the table server: \(file):\(error.line): \(error.reason)")
    }
    return file
  }
}

/// Gives servers the certificate files again when they change.
struct CertificateWatch: Service {
  let name = "certificates"
  let files: CertificateFiles
  let servers: [HTTPServer]
  let logger: Logger

  static let interval = Duration.seconds(1)

  func run() async throws {
    var served = try? files.read()
    var refused: TLSIdentity?
    while true {
      try await Task.sleep(for: CertificateWatch.interval)
      for server in servers { server.retire() }
      // Files are replaced one after the other: a pair that does not fit is tried again when one of them changes.
      guard let found = try? files.read(), found != served, found != refused else { continue }
      if servers.allSatisfy({ $0.reload(found) }) {
        served = found
        refused = nil
        logger.info("the certificate was read again", ["file": files.certificate])
      } else {
        refused = found
        logger.error("the changed certificate and key cannot be used; the previous ones stay in use", ["file": files.certificate])
      }
    }
  }
}
