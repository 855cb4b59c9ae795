import Foundation
import Synchronization

/// Whom a system's effects reach, and a file in which that stands: mails one after the other, or a line of JSON for each webhook, its key and its body.
struct Outside {
  enum Kind: Sendable {
    case mails
    /// The parameter of the pipeline that holds the URL.
    case webhooks(parameter: String)
  }

  let file: String
  var settings: [String] = []
  var words: [String] = []
  private var receiver: HookReceiver?

  init(_ kind: Kind?, _ folder: TestFolder) throws {
    file = try folder.write("outside", "")
    switch kind {
    case .mails: words = ["--mail-command", "tee -a \(file)"]
    case .webhooks(let parameter):
      let handle = Mutex(try FileHandle(forWritingTo: URL(filePath: file)))
      let receiver = try HookReceiver { request in
        let line = "{\"key\":\"\(request.key)\",\"body\":\(String(decoding: request.body, as: UTF8.self))}\n"
        handle.withLock { $0.write(Data(line.utf8)) }
      }
      settings = ["\(parameter)=http://127.0.0.1:\(receiver.port)/alerts"]
      words = ["--allow-webhook-host", "127.0.0.1:\(receiver.port)"]
      self.receiver = receiver
    case nil: break
    }
  }

  func stop() { receiver?.stop() }
}
