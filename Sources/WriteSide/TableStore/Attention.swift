/// How long the committer waits, awake, for requests before it begins a round, as a value.
///
/// A few clients of which each writes one item after the other have their next requests there soon after they got their answers. Rounds that begin
/// at once then hold some of them, and the others wait for two syncs; and a thread that sleeps by then takes about as long to wake as an answer
/// takes. So after some rounds without a pause the committer waits for as many requests as there are clients, never longer than a round takes, and
/// gives it up for a while when they do not come.
struct Attention {
  /// Rounds one after the other that are a sign of such clients.
  static let roundsMin = 16
  /// What a wait in vain counts against rounds that were worth it.
  static let disappointment = 8
  private static let creditMax = 2 * roundsMin
  /// With more clients than this the next round is full enough when one ends.
  static let clientsMax = 4
  static let spanMax = Duration.microseconds(150)
  private static let window = 64

  private var credit = 0
  private var taken = 0
  /// The most that were seen at once, in this window of rounds and the one before: there were as many clients at least.
  private var seen = (now: 0, before: 0)
  private var rounds = 0
  private var span = spanMax

  /// How many requests are worth waiting for, at most for the span; nil when the next round begins with what there is.
  var wait: (requests: Int, span: Duration)? {
    let clients = max(seen.now, seen.before)
    return credit >= Attention.roundsMin && (1...Attention.clientsMax).contains(clients) ? (clients, span) : nil
  }

  /// The requests that were waited for did not come within the span.
  mutating func waitedInVain() {
    credit -= Attention.disappointment
    seen = (0, 0)
  }

  /// A round begins with so many requests; 0 when none had come for a while.
  mutating func took(_ requests: Int) {
    if requests == 0 {
      credit = 0
      seen = (0, 0)
    } else {
      credit = min(credit + 1, Attention.creditMax)
    }
    taken = requests
  }

  /// The round has taken so long, and so many requests came meanwhile: none of who waited for this round, who get their answers now.
  mutating func ended(in time: Duration, waiting: Int) {
    rounds += 1
    if rounds % Attention.window == 0 { seen = (0, seen.now) }
    seen.now = max(seen.now, taken + waiting)
    span = min(time, Attention.spanMax)
  }
}
