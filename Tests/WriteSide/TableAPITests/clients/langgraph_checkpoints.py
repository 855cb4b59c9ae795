"""LangGraph's checkpointer on a table, unmodified: a graph that stops, goes on from its checkpoint, and looks back."""

import operator
import sys
from typing import Annotated, TypedDict

import boto3
from langgraph.graph import END, START, StateGraph
from langgraph_checkpoint_aws import DynamoDBSaver

endpoint = sys.argv[1]
boto3.client("dynamodb", endpoint_url=endpoint).create_table(
    TableName="checkpoints", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ["PK", "SK"]])


class State(TypedDict):
    steps: Annotated[list, operator.add]


def graph():
    built = StateGraph(State)
    built.add_node("first", lambda state: {"steps": ["first"]})
    built.add_node("second", lambda state: {"steps": ["second " + "x" * 20_000]})
    built.add_edge(START, "first")
    built.add_edge("first", "second")
    built.add_edge("second", END)
    saver = DynamoDBSaver(table_name="checkpoints", endpoint_url=endpoint, region_name="us-east-1")
    return built.compile(checkpointer=saver, interrupt_before=["second"]), saver


runner, saver = graph()
thread = {"configurable": {"thread_id": "one"}}
assert runner.invoke({"steps": ["begin"]}, thread)["steps"] == ["begin", "first"]
runner, saver = graph()
assert runner.get_state(thread).next == ("second",)
assert len(runner.invoke(None, thread)["steps"]) == 3
history = list(runner.get_state_history(thread))
assert [len(state.values.get("steps", [])) for state in history] == [3, 2, 1, 0], history
assert len(list(saver.list(thread, limit=2))) == 2
back = runner.get_state(history[1].config)
assert back.values["steps"] == ["begin", "first"]
saver.delete_thread("one")
assert list(saver.list(thread)) == []
print("langgraph ok")
