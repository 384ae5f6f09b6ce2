from recomengine_client.command import main

main()
