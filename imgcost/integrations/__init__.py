"""imgcost inside other libraries: the Anthropic SDK, LangChain and litellm. Each module is imported only when used."""
