import Foundation
import KafkaTestKit
import PostgresTestKit
import PythonTestKit
import Testing

/// The acceptance scenarios of the source systems: a running Afterimage, written to with unmodified boto3 and asked over HTTP. Each Python program
/// beside this file holds a system's scenarios by their names, and of some a pipeline's application is asked too.
@Suite(.serialized) struct SystemTests {
  @Test(.timeLimit(.minutes(2)), arguments: [1, 3]) func `the session store does what its users need`(partitions: Int)
    async throws
  {
    try await SourceSystem.sessionStore.run(.init(partitions: partitions))
  }

  @Test(.timeLimit(.minutes(2)), arguments: [1, 3]) func `chat rooms do what their users need`(partitions: Int) async throws {
    try await SourceSystem.chatRooms.run(.init(partitions: partitions))
  }

  @Test(.timeLimit(.minutes(2))) func `the session store survives kill -9 between writing and reading`() async throws {
    try await SourceSystem.sessionStore.run(.init(isKilled: true))
  }

  @Test(.timeLimit(.minutes(2))) func `chat rooms survive kill -9 between writing and reading`() async throws {
    try await SourceSystem.chatRooms.run(.init(partitions: 3, isKilled: true))
  }

  @Test(.timeLimit(.minutes(2)), arguments: [SourceSystem.directMessages, .miniJira])
  func `direct messages and projects do what their users need, and what was wrong with them is gone`(system: SourceSystem)
    async throws
  {
    try await system.run(.init(partitions: 3))
  }

  @Test(.timeLimit(.minutes(2)), arguments: [SourceSystem.directMessages, .miniJira])
  func `direct messages and projects survive kill -9 between writing and reading`(system: SourceSystem) async throws {
    try await system.run(.init(isKilled: true))
  }

  @Test(.timeLimit(.minutes(2)), arguments: [SourceSystem.chatbotSessions, .errbot, .chatMemory])
  func `chatbots do what their users need, and what was wrong with them is gone`(system: SourceSystem) async throws {
    try await system.run(.init(partitions: 3))
  }

  @Test(.timeLimit(.minutes(2))) func `bad input is refused clearly and costs nothing`() async throws {
    try await SourceSystem.run("bad_input.py", .init()) { _ in [Program.pipeline("chat-rooms")] }
  }
}

/// Some of the same scenarios on Kafka with PostgreSQL, every record of the topics twice, and the worker killed between writing and reading.
@Suite(
  .serialized, .timeLimit(.minutes(2)),
  .enabled(if: FleetPlace.isAvailable, Comment(rawValue: Fleet.skipped)))
struct FleetSystemTests {
  @Test func `direct messages keep to their lists when a worker dies and records come twice`() async throws {
    try await SourceSystem.directMessages.run(
      .init(partitions: 3, isFleet: true, isKilled: true, isDoubled: true),
      only: [
        "E2_a_message_moves_the_preview_of_both", "E3_an_older_message_that_comes_again",
        "E6_and_flaw_1_a_worker_that_dies_between_reading_and_writing", "E11_and_flaw_4_a_message_before_its_conversation",
        "E13_and_flaw_15_deleted_messages", "E16_and_flaw_9_the_same_pair_twice",
      ])
  }

  @Test func `chatbots keep their sessions, boards and logs when a worker dies and records come twice`() async throws {
    let conditions = SourceSystem.Conditions(partitions: 3, isFleet: true, isKilled: true, isDoubled: true)
    try await SourceSystem.chatbotSessions.run(
      conditions,
      only: [
        "A2_each_interaction_counts", "A7_a_session_expires_by_its_own_time", "A9_a_session_that_comes_back", "A10_another_user",
        "A13_an_expiry_time_in_quotes",
      ])
    // Nine tables: with three partitions each a worker that begins has 27 lanes to take up.
    try await SourceSystem.errbot.run(
      .init(isFleet: true, isKilled: true, isDoubled: true),
      only: [
        "D4_a_search_for_what_is_alike", "D7_songs_and_seconds", "D12_the_bots_own_row", "D13_a_row_that_is_not_json",
        "D16_commands_by_use", "D19_who_is_deleted_leaves", "D20_and_flaw_11_streaks",
        "D_flaw_7_every_use_of_a_command_counts_once",
      ])
    try await SourceSystem.chatMemory.run(
      conditions,
      only: [
        "G1_two_messages", "G3_a_history_that_is_trimmed", "G5_and_flaw_4_an_expired_memory_is_empty",
        "G9_a_list_put_over_anothers", "G10_and_flaw_3_a_long_history", "G11_and_flaw_5_the_same_message_twice",
        "G16_and_flaw_7_other_names",
      ])
  }

  @Test func `projects keep their counts and mail nobody twice when records come twice, and a replay has the same rows`()
    async throws
  {
    try await SourceSystem.miniJira.run(
      .init(partitions: 3, isFleet: true, isDoubled: true),
      only: [
        "F1_a_project_with_everything_in_it", "F2_a_task_moves", "F7_a_task_for_another",
        "F9_and_flaw_1_a_password_leaves_the_table_nowhere", "F12_dates_of_both_types", "F14_a_deleted_project",
        "F_flaw_14_a_page_is_of_one_moment", "F_flaw_15_a_member_who_comes_again_is_mailed_once_for_each_coming",
      ])
  }
}

/// Every scenario of every system under all conditions: what `make acceptance` runs.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(
    if: !SourceSystem.asked.isEmpty && FleetPlace.isAvailable, "AFTERIMAGE_ACCEPTANCE is not set: `make acceptance` sets it"))
struct AcceptanceMatrixTests {
  @Test(arguments: SourceSystem.asked, SourceSystem.Conditions.all)
  func `a system holds`(system: SourceSystem, conditions: SourceSystem.Conditions) async throws {
    try await system.run(conditions)
  }
}
