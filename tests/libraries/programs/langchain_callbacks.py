"""langchain's `AimCallbackHandler` with a model, a chain and a tool that need no network."""

from langchain_community.callbacks.aim_callback import AimCallbackHandler, import_aim
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool

assert import_aim().Run is not None


@tool
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


handler = AimCallbackHandler(
    repo=".", experiment_name="first scenario", system_tracking_interval=None
)
handler.setup(purpose="trial", model={"name": "fake", "kind": FakeListLLM})
config: RunnableConfig = {"callbacks": [handler]}

model = FakeListLLM(responses=["one", "two\nlines", ""])
model.generate(["Tell me", "Tell me more"], callbacks=[handler])
prompt = PromptTemplate.from_template("About {input}:")
# The handler wants dicts with these keys at every step; langchain says where it got none.
chain = prompt | model | RunnableLambda(lambda text: {"output": text})
chain.invoke({"input": "ünïcode"}, config=config)
chain = RunnableLambda(lambda given: {"output": given["input"] + "!"})
chain.invoke({"input": "ünïcode"}, config=config)
shout.invoke("quietly", config=config)
handler.on_agent_action(AgentAction(tool="shout", tool_input={"text": "x"}, log="thinking"))
handler.on_agent_finish(AgentFinish(return_values={"output": "done"}, log="finished"))
handler.flush_tracker(
    langchain_asset=model, reset=True, finish=False, experiment_name="second scenario"
)
model.invoke("Again", config=config)
handler.flush_tracker(langchain_asset=chain, reset=False, finish=True)
