"""gRPC as others speak it: Google's client in Python, and buf."""

import base64
import json
import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from support import stubs
from support.machine import ROOT, program
from support.people import Person

SERVICES = {f"api.{context}.v1.{context.capitalize()}Service"
            for context in ("auth", "user", "social", "chat", "notification")}


def test_every_rpc_of_a_conversation_by_generated_stubs(whole):
    auth, Auth = stubs.of("auth")
    user, User = stubs.of("user")
    chat, Chat = stubs.of("chat")
    a, b = Person(whole.rest), Person(whole.rest)
    with stubs.channel(whole.grpc) as channel:
        token = Auth(channel).Login(auth.LoginRequest(email=a.email, password=a.password)).access_token
        metadata = [("authorization", f"Bearer {token}")]
        found = User(channel).SearchByNickname(user.SearchByNicknameRequest(query=b.nickname), metadata=metadata)
        assert [profile.user_id for profile in found.results] == [b.id]
        request = chat.CreateDirectChatRequest(participant_id=b.id)
        chat_id = Chat(channel).CreateDirectChat(request, metadata=metadata).chat_id
        stream = Chat(channel).StreamMessages(chat.StreamMessagesRequest(chat_id=chat_id), metadata=metadata)
        headers = dict(stream.initial_metadata())
        Chat(channel).SendMessage(chat.SendMessageRequest(chat_id=chat_id, text="\U0001f980"), metadata=metadata)
        message = next(stream)
        assert (message.text, message.sequence) == ("\U0001f980", 1)
        stream.cancel()
        assert "x-resume-point" in headers


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_and_describes_every_service(whole, version):
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with stubs.channel(whole.grpc) as channel:
        # The messages of both versions are alike on the wire; the stubs that exist are those of v1alpha.
        ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        answer = next(ask(iter([request]), timeout=5))
        assert SERVICES <= {service.name for service in answer.list_services_response.service}
        symbol = reflection_pb2.ServerReflectionRequest(file_containing_symbol="api.chat.v1.ChatService")
        assert next(ask(iter([symbol]), timeout=5)).file_descriptor_response.file_descriptor_proto


def test_reflection_is_enough_for_googles_own_database_of_descriptors(memory):
    with stubs.channel(memory.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert SERVICES <= set(database.get_services())
        assert database.FindFileContainingSymbol("api.chat.v1.ChatService").package == "api.chat.v1"


@pytest.mark.parametrize("service", ["", *sorted(SERVICES)])
def test_health_of_every_service(memory, service):
    with stubs.channel(memory.grpc) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_compressed_request_is_unimplemented_and_says_what_is_read(whole):
    auth, _ = stubs.of("auth")
    with stubs.channel(whole.grpc) as channel:
        login = channel.unary_unary(
            "/api.auth.v1.AuthService/Login", request_serializer=auth.LoginRequest.SerializeToString,
            response_deserializer=auth.LoginResponse.FromString,
        )
        request = auth.LoginRequest(email="a@example.org", password="a password " * 10)
        with pytest.raises(grpc.RpcError) as refused:
            login(request, compression=grpc.Compression.Gzip, timeout=5)
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED, refused.value.details()
        said = refused.value.details() + str(refused.value.initial_metadata()) + str(refused.value.trailing_metadata())
        assert "identity" in said


def test_errors_carry_their_details(memory):
    auth, Auth = stubs.of("auth")
    with stubs.channel(memory.grpc) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            Auth(channel).Login(auth.LoginRequest(email="nobody@example.org", password="a password"), timeout=10)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
        details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
        assert b"CREDENTIALS_INVALID" in details


def buf_curl(port, rpc, request, *arguments):
    url = f"http://127.0.0.1:{port}/{rpc}"
    command = [program("buf"), "curl", "--http2-prior-knowledge", "--data", json.dumps(request), *arguments, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("protocol", ["grpc", "grpcweb"])
def test_buf_curl_by_reflection(memory, protocol):
    person = Person(memory.rest)
    code, out, err = buf_curl(memory.grpc, "api.auth.v1.AuthService/Login",
                              {"email": person.email, "password": person.password}, "--protocol", protocol)
    assert code == 0, err
    assert json.loads(out)["userId"] == person.id
    code, _, err = buf_curl(memory.grpc, "api.auth.v1.AuthService/Login",
                            {"email": person.email, "password": "a wild guess"}, "--protocol", protocol)
    refused = json.loads(err)
    assert (code != 0, refused["code"]) == (True, "unauthenticated")
    # It knows no google.rpc.ErrorInfo here, and shows the bytes.
    details = [base64.b64decode(detail["value"] + "==") for detail in refused["details"]]
    assert any(b"CREDENTIALS_INVALID" in detail for detail in details)
