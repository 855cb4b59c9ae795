internal import ReadModels
internal import Synchronization
internal import Telemetry

/// The time for which a process leads, as a value.
struct LeadTerm: Sendable, Equatable {
  /// How long the store grants it at a time, and how often it is asked again.
  static let lease = Duration.seconds(5)
  static let renewal = Duration.seconds(1)
  /// So much before the store's end of the term this process ends it.
  static let margin = Duration.milliseconds(500)

  private(set) var end: ContinuousClock.Instant

  /// The store has granted it when it was asked at `asked`, and its clock began at that moment or later.
  init(asked: ContinuousClock.Instant) { end = asked + LeadTerm.lease - LeadTerm.margin }

  mutating func renewed(asked: ContinuousClock.Instant) { self = LeadTerm(asked: asked) }

  func isOver(_ now: ContinuousClock.Instant) -> Bool { now >= end }
}

/// Has one process of all that share a generation do what only one does.
final class Lead: Sendable {
  private let generation: Generation
  private let catalog: CatalogOwner
  private let logger: Logger
  private let held = Mutex(false)

  init(_ generation: Generation, _ catalog: CatalogOwner, _ logger: Logger) {
    self.generation = generation
    self.catalog = catalog
    self.logger = logger
  }

  /// Whether this process leads.
  var isHeld: Bool { held.withLock { $0 } }

  /// Runs `body` whenever this process leads, and cancels it when it does so no more. Returns when the task is cancelled.
  func run(_ body: @escaping @Sendable () async -> Void) async {
    while !Task.isCancelled {
      let asked = ContinuousClock.now
      if await isGranted() == true {
        held.withLock { $0 = true }
        await lead(LeadTerm(asked: asked), body)
        held.withLock { $0 = false }
      } else {
        try? await Task.sleep(for: LeadTerm.renewal)
      }
    }
    // After the body has ended: whoever leads next finds its work done or given back.
    try? await catalog.stopLeading(generation)
  }

  private final class Shared: Sendable {
    let value: Mutex<LeadTerm>

    init(_ term: LeadTerm) { value = Mutex(term) }
  }

  /// Nil when the store cannot say.
  private func isGranted() async -> Bool? { try? await catalog.lead(generation, for: LeadTerm.lease) }

  private func lead(_ granted: LeadTerm, _ body: @escaping @Sendable () async -> Void) async {
    logger.log(.debug, "leading", ["generation": "\(generation.number)"])
    let term = Shared(granted)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await body() }
      group.addTask { [self] in
        while !Task.isCancelled {
          try? await Task.sleep(for: LeadTerm.renewal)
          let asked = ContinuousClock.now
          switch await isGranted() {
          case true?: term.value.withLock { $0.renewed(asked: asked) }
          case false?: return logger.warning("another process leads", ["generation": "\(generation.number)"])
          case nil: break
          }
        }
      }
      // The store may take long to answer, and the term ends meanwhile.
      group.addTask {
        while !Task.isCancelled, !term.value.withLock({ $0.isOver(.now) }) { try? await Task.sleep(for: LeadTerm.margin) }
      }
      await group.next()
      group.cancelAll()
    }
  }
}
