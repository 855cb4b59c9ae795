import Glibc
import StoreTestKit
import Testing

@testable import Assembly

/// Names of workers, each one process's in its data directory.
@Suite struct InstanceLockTests {
  @Test func `names are those that Kafka takes`() {
    let longest = String(repeating: "n", count: InstanceLock.bytesMax)
    for name in ["a", "worker-1", "A.b_C-9", "...", longest] { #expect(InstanceLock.isName(name), "\(name)") }
    for name in ["", ".", "..", "a b", "a/b", "é", longest + "n"] { #expect(!InstanceLock.isName(name), "\(name)") }
  }

  @Test(arguments: ["worker-1", String(repeating: "n", count: InstanceLock.bytesMax)])
  func `a name is held by one process, and found, until that ends`(_ name: String) throws {
    let folder = TemporaryDirectory()
    #expect(try InstanceLock.holder(of: name, in: folder.path) == nil)
    var lock: InstanceLock? = try InstanceLock(name, in: folder.path)
    let holder = try InstanceLock.holder(of: name, in: folder.path)
    #expect(lock != nil && holder == getpid())
    #expect(throws: StartError.self) { try InstanceLock(name, in: folder.path) }
    let other = try InstanceLock("other", in: folder.path)
    lock = nil
    #expect(try InstanceLock.holder(of: name, in: folder.path) == nil)
    #expect(try InstanceLock.holder(of: "other", in: folder.path) == getpid())
    withExtendedLifetime(other) {}
  }
}
