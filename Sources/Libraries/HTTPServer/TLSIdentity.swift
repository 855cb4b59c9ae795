/// A server's certificate (followed by those that lead to its root) and private key, as PEM texts.
package struct TLSIdentity: Sendable, Equatable {
  package let certificate: [UInt8]
  package let key: [UInt8]

  package init(certificate: [UInt8], key: [UInt8]) {
    self.certificate = certificate
    self.key = key
  }
}
