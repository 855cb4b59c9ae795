"""LangChain's chat history in a table, unmodified."""

import sys
import warnings

warnings.simplefilter("ignore")

import boto3
from langchain_community.chat_message_histories import DynamoDBChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage

endpoint = sys.argv[1]
boto3.client("dynamodb", endpoint_url=endpoint).create_table(
    TableName="Sessions", KeySchema=[{"AttributeName": "SessionId", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "SessionId", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
history = DynamoDBChatMessageHistory(table_name="Sessions", session_id="a", endpoint_url=endpoint, ttl=3600)
history.add_user_message("hello")
history.add_ai_message("hello, who are you?")
history.add_messages([HumanMessage("ann"), AIMessage("welcome")])
other = DynamoDBChatMessageHistory(table_name="Sessions", session_id="b", endpoint_url=endpoint)
other.add_user_message("elsewhere")
again = DynamoDBChatMessageHistory(table_name="Sessions", session_id="a", endpoint_url=endpoint)
assert [message.content for message in again.messages] == ["hello", "hello, who are you?", "ann", "welcome"], again.messages
assert [type(message).__name__ for message in again.messages] == ["HumanMessage", "AIMessage"] * 2
again.clear()
assert again.messages == []
assert [message.content for message in other.messages] == ["elsewhere"]
print("langchain ok")
